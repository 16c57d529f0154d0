#!/bin/sh
# Prime factors, a line of JSON for each line of JSON: for a machine without Python.
while read -r n; do
  factor=2 factors=
  while [ $((factor * factor)) -le "$n" ]; do
    while [ $((n % factor)) -eq 0 ]; do
      factors="$factors${factors:+,}$factor" n=$((n / factor))
    done
    factor=$((factor + 1))
  done
  [ "$n" -gt 1 ] && factors="$factors${factors:+,}$n"
  echo "[$factors]"
done
