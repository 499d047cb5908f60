#!/bin/sh
# Pictures without people from Debian's packages (all under free licences), for backgrounds.py. Needs apt-get and dpkg.
#     sh scripts/training/data/debian_backgrounds.sh LISTS
set -eu
lists=$(realpath "${1:?usage: sh scripts/training/data/debian_backgrounds.sh LISTS}")
here=$(cd "$(dirname "$0")/../../.." && pwd)
[ -f "$lists/train.txt" ] || { echo "run split_dataset.py first: there is no $lists/train.txt" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q tuxpaint-stamps-default gcompris-qt-data mate-backgrounds gnome-backgrounds \
    lomiri-wallpapers-16.04 lomiri-wallpapers-20.04
for package in *.deb; do dpkg-deb -x "$package" files; done

share=$folder/files/usr/share
stamps=$share/tuxpaint/stamps
resources=$share/gcompris-qt/rcc
cd "$here"
"${PYTHON:-.venv-training/bin/python}" scripts/training/data/backgrounds.py --lists "$lists" --exclude cartoon symbols -- \
    "$stamps/animals" "$stamps/clothes" "$stamps/food" "$stamps/hobbies" "$stamps/household" "$stamps/medical" \
    "$stamps/plants" "$stamps/space" "$stamps/sports" "$stamps/vehicles" "$share/backgrounds" \
    "$resources/categorization.rcc" "$resources/explore_farm_animals.rcc" "$resources/explore_world_animals.rcc" \
    "$resources/solar_system.rcc"
