#!/bin/sh
set -e
mkdir -p dist
python3 -m zipfile -c dist/shop.zip shop
