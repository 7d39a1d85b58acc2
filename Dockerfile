# The image of the controller. It is built on Debian 13 and has only the binary, its shared
# libraries and the certificate authorities: no shell, no package manager, no root user.
# The build must not depend on the machine on which it runs. The argument BASE sets another base
# image.

ARG BASE=debian:trixie-slim

FROM ${BASE} AS tools
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates ccache cmake g++ ninja-build \
      libboost-dev libcli11-dev libre2-dev libsimdjson-dev libspdlog-dev libssl-dev libyaml-cpp-dev \
      nlohmann-json3-dev prometheus-cpp-dev \
 && rm -rf /var/lib/apt/lists/*

FROM tools AS build
WORKDIR /src
COPY . .
# The build folder is removed in the layer that creates it, so no layer stores it. The compiler cache
# makes the next build fast.
RUN --mount=type=cache,id=lastgood-ccache,target=/ccache \
    export CCACHE_DIR=/ccache CCACHE_MAXSIZE=500M \
 && cmake --preset release \
 && cmake --build --preset release --target lastgood-controller \
 && install -D --strip build/release/cmd/lastgood-controller/lastgood-controller \
      /rootfs/lastgood-controller \
 && rm -rf build

# Copies the shared libraries and the loader, which ldd lists. libc needs nsswitch.conf to resolve
# names. OpenSSL reads the certificate authorities from /usr/lib/ssl.
RUN set -eu \
 && cd /rootfs \
 && ldd lastgood-controller | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' \
      | xargs -I '{}' cp --dereference --parents '{}' . \
 && mkdir -p etc/ssl/certs usr/lib/ssl \
 && cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ \
 && ln -s /etc/ssl/certs/ca-certificates.crt usr/lib/ssl/cert.pem \
 && ln -s /etc/ssl/certs usr/lib/ssl/certs \
 && echo 'hosts: files dns' > etc/nsswitch.conf \
 && echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > etc/passwd \
 && echo 'nonroot:x:65532:' > etc/group \
 && chroot . /lastgood-controller --help > /dev/null

FROM scratch
ARG VERSION=0.0.0
LABEL org.opencontainers.image.title="lastgood-controller" \
      org.opencontainers.image.description="Rolls a Deployment back to its last good revision" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /rootfs/ /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/lastgood-controller"]
