"""Prime factors, a line of JSON for each line of JSON: for `worker/main.ts --lines`."""
import json
import sys

for line in sys.stdin:
    n, factor, factors = json.loads(line), 2, []
    while factor * factor <= n:
        while n % factor == 0:
            factors.append(factor)
            n //= factor
        factor += 1
    if n > 1:
        factors.append(n)
    print(json.dumps(factors), flush=True)
