# shellcheck shell=bash
# ./dev image: builds the image of the controller from the Dockerfile, as an archive for
# `ctr images import` or `docker load`. Nothing here depends on the commands that use the image.

IMAGE_NAME=lastgood.dev/lastgood-controller:$VERSION
IMAGE_ARCHIVE=''
IMAGE_BASE=debian:trixie-slim
IMAGE_ARCHIVES_KEPT=5

verb_image() {
  ensure_image
  say "$IMAGE_NAME, $(image_megabytes "$IMAGE_ARCHIVE") MB"
  say "$IMAGE_ARCHIVE"
}

# Sets IMAGE_ARCHIVE. Builds the image if a source of the image has changed.
ensure_image() {
  local folder=$CACHE/images
  mkdir -p "$folder"
  IMAGE_ARCHIVE=$folder/$(image_hash).tar
  if [ -s "$IMAGE_ARCHIVE" ]; then
    touch "$IMAGE_ARCHIVE"
    return 0
  fi
  local lock
  exec {lock}>"$folder/lock"
  flock "$lock"
  [ -s "$IMAGE_ARCHIVE" ] || image_build
  exec {lock}>&-
  image_remove_old
}

image_build() {
  local engine partial=$IMAGE_ARCHIVE.partial
  rm -f "$partial"
  engine=$(image_engine)
  if [ -n "$engine" ]; then
    image_build_with_engine "$engine" "$partial"
  else
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
      die "Building the image needs root (for buildah and debootstrap)," \
        "or docker or podman with access to a registry."
    need_packages buildah debootstrap
    image_base
    image_build_with_buildah "$partial"
  fi
  mv "$partial" "$IMAGE_ARCHIVE"
}

# image_megabytes ARCHIVE: prints the size of the image on a node. It is the size of the archive,
# because the layers in the archive are not compressed.
image_megabytes() { awk -v bytes="$(stat -c %s "$1")" 'BEGIN { printf "%.1f", bytes / 1000000 }'; }

# Prints the sources of the image: the files that .dockerignore includes, .dockerignore and the
# Dockerfile.
image_sources() {
  local entry
  (
    cd "$ROOT" || exit 1
    printf '%s\0' Dockerfile .dockerignore
    while read -r entry; do
      [ ! -e "$entry" ] || find "$entry" -type f ! -name '*.md' -print0
    done < <(sed -n 's/^!//p' .dockerignore)
  ) | LC_ALL=C sort -z
}

image_hash() {
  image_sources | (cd "$ROOT" && xargs -0 sha256sum) | sha256sum | cut -c 1-16
}

# Prints docker or podman: the first that runs and either has the base image or can pull it. Prints
# nothing if neither can be used.
image_engine() {
  local engine
  for engine in docker podman; do
    command -v "$engine" >/dev/null || continue
    timeout 20 "$engine" info >/dev/null 2>&1 || continue
    "$engine" image inspect "$IMAGE_BASE" >/dev/null 2>&1 ||
      timeout 120 "$engine" pull -q "$IMAGE_BASE" >/dev/null 2>&1 || continue
    printf '%s' "$engine"
    return 0
  done
}

image_build_with_engine() {
  local engine=$1 archive=$2
  step "building the image $IMAGE_NAME with $engine"
  quietly env DOCKER_BUILDKIT=1 "$engine" build --build-arg "BASE=$IMAGE_BASE" \
    --build-arg "VERSION=$VERSION" --tag "$IMAGE_NAME" "$ROOT" ||
    die "The image could not be built with $engine."
  quietly "$engine" save --output "$archive" "$IMAGE_NAME" ||
    die "The image could not be saved with $engine."
  done_step
}

# Runs buildah. Its storage is in $CACHE and not in the user's storage, so that removing $CACHE
# removes everything. The cache mounts of a build are below TMPDIR, so TMPDIR is in $CACHE too.
image_buildah() {
  local state=$CACHE/buildah
  mkdir -p "$state/tmp"
  as_root env BUILDAH_ISOLATION=chroot TMPDIR="$state/tmp" buildah \
    --root "$state/storage" \
    --runroot "/run/lastgood-buildah-$(cksum <<<"$CACHE" | cut -d ' ' -f 1)" "$@"
}

image_build_with_buildah() {
  local archive=$1
  # A container that an interrupted build has left would prevent the removal of its layers.
  quietly image_buildah rm --all || true
  image_tools
  step "building the image $IMAGE_NAME with buildah"
  quietly image_build_stage --build-arg "VERSION=$VERSION" --tag "$IMAGE_NAME" ||
    die "The image could not be built."
  quietly image_buildah push "$IMAGE_NAME" "docker-archive:$archive:$IMAGE_NAME" ||
    die "The image could not be saved."
  as_root chmod a+r "$archive"
  # Removes the layers of earlier sources. Tagged layers, such as the base and the compilers, stay.
  quietly image_buildah rmi --prune || warn "Layers of earlier builds could not be removed."
  done_step
}

# image_build_stage FLAG...
image_build_stage() {
  image_buildah build --layers --network host --build-arg "BASE=localhost/$IMAGE_BASE" "$@" "$ROOT"
}

image_tools() {
  step "installing compilers and libraries of Debian 13 in the image"
  quietly image_build_stage --target tools --tag localhost/lastgood-tools ||
    die "The packages for building the image could not be installed."
  done_step
}

# Builds the base image, Debian 13, from the mirror of this machine's apt. Needs no registry.
image_base() {
  local folder=$CACHE/debootstrap-trixie mirror security
  [ -z "$(image_buildah images --quiet "localhost/$IMAGE_BASE" 2>/dev/null)" ] || return 0
  if [ ! -s "$folder/rootfs.tar" ]; then
    mirror=$(image_mirror Debian)
    if [ -z "$mirror" ]; then
      quietly as_root apt-get -o DPkg::Lock::Timeout=300 update || true
      mirror=$(image_mirror Debian)
    fi
    [ -n "$mirror" ] ||
      die "apt of this machine has no Debian mirror, and docker and podman do not work."
    security=$(image_mirror Debian-Security)
    step "building the base of the image, Debian 13"
    mkdir -p "$folder"
    as_root rm -rf "$folder/rootfs" "$folder/rootfs.tar.partial"
    quietly as_root debootstrap --variant=minbase --include=ca-certificates trixie \
      "$folder/rootfs" "$mirror" || die "Debian 13 could not be fetched from $mirror."
    [ -z "$security" ] || echo "deb $security trixie-security main" |
      as_root tee "$folder/rootfs/etc/apt/sources.list.d/security.list" >/dev/null
    as_root rm -rf "$folder/rootfs/var/cache/apt" "$folder/rootfs/var/lib/apt/lists"
    as_root tar --create --file "$folder/rootfs.tar.partial" --directory "$folder/rootfs" \
      --one-file-system .
    as_root mv "$folder/rootfs.tar.partial" "$folder/rootfs.tar"
    as_root rm -rf "$folder/rootfs"
    done_step
  fi
  printf 'FROM scratch\nADD rootfs.tar /\nCMD ["bash"]\n' |
    quietly image_buildah build --tag "localhost/$IMAGE_BASE" --file - "$folder" ||
    die "The base image could not be built."
}

# image_mirror LABEL: prints the URL of the first repository of apt with this label.
image_mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -v label="$1" '$1 == label { print $2; exit }'
}

image_remove_old() {
  local old
  # shellcheck disable=SC2012
  ls -t "$CACHE"/images/*.tar 2>/dev/null | tail -n +$((IMAGE_ARCHIVES_KEPT + 1)) |
    while read -r old; do rm -f "$old"; done
}
