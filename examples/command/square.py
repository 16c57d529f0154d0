"""Squares, over HTTP: for `worker/main.ts --http`."""
import json
import os
import urllib.error
import urllib.request

url = os.environ["TROUPE_TASKS_URL"]


def answer(task, result):
    try:
        urllib.request.urlopen(f"{url}/{task['id']}", json.dumps(result).encode()).close()
    except urllib.error.HTTPError as error:
        if error.code != 404:  # nobody waits for it any more
            raise


while True:
    try:
        with urllib.request.urlopen(url) as response:
            task = json.load(response) if response.status == 200 else None
    except urllib.error.HTTPError as error:
        if error.code == 410:  # there will be no more tasks
            break
        raise
    if task is not None:
        answer(task, {"squared": task["input"] ** 2})
