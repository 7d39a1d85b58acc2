// Writes the status of a DeploymentGuard or a Rollback, if the object is still the one that was
// last read or written. A write that arrives late, when another leader has written already, changes
// nothing.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/guard.hpp"
#include "api/rollback.hpp"
#include "codec/manifests.hpp"
#include "guard/state.hpp"
#include "kube/paths.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

// T is api::DeploymentGuard or api::Rollback.
template <class T, class Status>
struct StatusPatch {
  kube::Resource resource;
  // Key and uid. The version of the last read or write; empty: it is not known, so the object is
  // read first.
  api::ObjectMeta meta;
  Status status;
  std::vector<std::string> known;  // see guard::after_lost_race()
};

inline constexpr int max_status_writes = 3;  // of one status, after lost races

// Returns after the first response that decides.
template <class T, class Status>
boost::asio::awaitable<guard::StatusPatched<T>> patch_status(runtime::Gateway& gateway,
                                                             runtime::Term term,
                                                             StatusPatch<T, Status> patch) {
  ResourceVersion version = patch.meta.resource_version;
  guard::StatusPatched<T> result;
  for (int writes = 0; writes < max_status_writes; ++writes) {
    if (!version.empty()) {
      const auto written = co_await gateway.write(
          term,
          kube::patch(patch.resource, patch.meta.key, api::json_patch,
                      codec::status_patch(patch.meta.uid, version, codec::to_json(patch.status)),
                      kube::Subresource::Status));
      result = guard::ended_by_response<T>(written);
      if (written || !guard::is_lost_race(written.error())) co_return result;
    }
    const auto live = co_await gateway.read(kube::get(patch.resource, patch.meta.key));
    auto next = guard::after_lost_race<T>(live, patch.meta.uid,
                                          guard::digest_of_status(patch.status), patch.known);
    const auto* again = std::get_if<guard::WriteAgain>(&next);
    if (!again) co_return guard::ended_by_read<T>(std::move(next));
    version = again->version;
  }
  co_return result;
}

}  // namespace lastgood::shell
