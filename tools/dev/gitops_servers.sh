# shellcheck shell=bash
# The GitOps tools for the tests: Argo CD and the controllers of Flux from their Go modules, and
# Debian's Redis, which Argo CD needs. The modules of tests/gitops name the versions. The Debian
# packages are unpacked into the cache and not installed, because their installation would start
# services.

GITOPS_PACKAGES=(redis-server redis-tools libatomic1 libjemalloc2 liblzf1)
GITOPS_ARGOCD=github.com/argoproj/argo-cd/v3
GITOPS_KUSTOMIZE=sigs.k8s.io/kustomize/kustomize/v5
GITOPS_FLUX=(source-controller kustomize-controller helm-controller)

# Makes the programs available in $CACHE/gitops-servers/usr/bin: argocd, kustomize, redis-server,
# source-controller, kustomize-controller and helm-controller. The tests find them by
# LASTGOOD_CACHE. The folders argocd and flux beside usr have the CRDs and the settings.
#
# The first build takes about 15 minutes on two cores. A change of tests/gitops builds again.
ensure_gitops_servers() {
  need_go
  local folder=$CACHE/gitops-servers hash partial
  hash=$(cluster_hash "$ROOT/tests/gitops" "$ROOT/tools/dev/gitops_servers.sh")
  [ "$(cat "$folder/hash" 2>/dev/null)" != "$hash" ] || return 0
  need_packages git
  partial=$(mktemp -d "$folder.XXXXXX")
  # With sudo, the tests run as another user than the owner of the folder, and must read it.
  chmod 755 "$partial"
  metrics_servers_packages "$partial" "${GITOPS_PACKAGES[@]}"
  if ! gitops_argocd "$partial" || ! gitops_flux "$partial"; then
    rm -rf "$partial"
    die "The GitOps tools could not be built."
  fi
  printf '%s\n' "$hash" >"$partial/hash"
  # The folder appears only when it is complete.
  rm -rf "$folder"
  mv "$partial" "$folder"
}

# gitops_argocd FOLDER: builds Argo CD and kustomize, and copies the CRDs and the settings.
gitops_argocd() {
  local source=$ROOT/tests/gitops/argocd module
  step "building Argo CD (about 7 minutes)"
  gitops_build "$source" "$1/usr/bin/argocd" "$GITOPS_ARGOCD/cmd" &&
    gitops_build "$source" "$1/usr/bin/kustomize" "$GITOPS_KUSTOMIZE" &&
    module=$(gitops_module "$source" "$GITOPS_ARGOCD") &&
    mkdir -p "$1/argocd/crds" "$1/argocd/config" &&
    install -m 755 "$module/hack/git-verify-wrapper.sh" "$1/usr/bin" &&
    cp "$module"/manifests/crds/*-crd.yaml "$1/argocd/crds" &&
    cp "$module"/manifests/base/config/argocd-*.yaml "$1/argocd/config" &&
    chmod -R u+w "$1/argocd" || return
  done_step
}

# gitops_flux FOLDER: builds the controllers of Flux, and copies their CRDs.
gitops_flux() {
  local source=$ROOT/tests/gitops/flux controller module
  step "building Flux (about 7 minutes)"
  mkdir -p "$1/flux/crds" || return
  for controller in "${GITOPS_FLUX[@]}"; do
    gitops_build "$source" "$1/usr/bin/$controller" "github.com/fluxcd/$controller" &&
      module=$(gitops_module "$source" "github.com/fluxcd/$controller") &&
      cp "$module"/config/crd/bases/*.yaml "$1/flux/crds" || return
  done
  chmod -R u+w "$1/flux" || return
  done_step
}

# gitops_build SOURCE TARGET PACKAGE: builds a program with the versions of the module in SOURCE.
gitops_build() {
  (
    cd "$1" && GOTOOLCHAIN=$(gitops_toolchain "$1") CGO_ENABLED=0 quietly nice -n 10 \
      go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$2" "$3"
  )
}

# gitops_module SOURCE MODULE: prints the folder of a module in the cache of Go.
gitops_module() {
  (cd "$1" && GOTOOLCHAIN=$(gitops_toolchain "$1") go list -m -f '{{.Dir}}' "$2")
}

# gitops_toolchain SOURCE: prints the version of Go that go.mod names, even if the environment
# allows only the installed version. Go fetches it like a module.
gitops_toolchain() {
  local version
  version=$(sed -n 's/^toolchain //p' "$1/go.mod")
  printf '%s' "${version:-$(go env GOTOOLCHAIN)}"
}
