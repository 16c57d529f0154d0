#!/bin/sh
# Steps of the Collatz sequence down to 1: run anew for each task, with the number on its input.
read -r n
if ! [ "$n" -ge 1 ] 2>/dev/null; then
  echo "no number from 1 up: $n" >&2
  exit 65
fi
steps=0
while [ "$n" -ne 1 ]; do
  if [ $((n % 2)) -eq 0 ]; then n=$((n / 2)); else n=$((3 * n + 1)); fi
  steps=$((steps + 1))
done
echo "$steps"
