// Reads those inputs of a decision that the watches do not store. The functions only read and
// parse.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "api/workload.hpp"
#include "checks/silence.hpp"
#include "guard/inputs.hpp"
#include "guard/state.hpp"
#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "runtime/gateway.hpp"
#include "shell/pod_view.hpp"

namespace lastgood::shell {

// ConfigMaps are not watched. A ConfigMap is read again after this time.
inline constexpr Duration config_map_lifetime{10'000};

class Gatherer {
 public:
  Gatherer(runtime::Gateway& gateway, ports::Clock& clock, const kube::Stores& stores,
           const PodView& pod_view)
      : gateway_(gateway), clock_(clock), stores_(stores), pod_view_(pod_view) {}

  // The ConfigMap that an annotation of the Deployment names. Returns `cached` while it is fresh.
  // Nothing if the Deployment names none.
  boost::asio::awaitable<guard::ConfigMapCached> config_map(
      const api::Deployment& deployment, std::optional<policy::ConfigMapRead> cached);

  // The policy that governs the Deployment. Makes no API calls.
  [[nodiscard]] policy::EffectivePolicy policy(
      const api::Deployment& deployment,
      const std::optional<policy::ConfigMapRead>& config_map) const;

  // The author and the problem of the live template, and the ReplicaSets of the Deployment. Nothing
  // if the live Deployment has another generation than `deployment`: the watch lags, and its next
  // event starts another reconcile.
  boost::asio::awaitable<Result<std::optional<guard::TemplateObservation>>> observe_template(
      const api::Deployment& deployment);

  // The pods of the revision, from the pod view. A Deployment that is Idle has no view: its pods
  // are listed.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> pods(const api::Deployment& deployment,
                                                             const api::Revision& revision);
  // The same from a live list, to confirm a failure: a watch may lag.
  boost::asio::awaitable<Result<std::vector<api::Pod>>> live_pods(const api::Deployment& deployment,
                                                                  const api::Revision& revision);
  // Whether pods() has failed for longer than usual. Right after a release it fails for a short
  // time, because the pod view is not in sync yet.
  [[nodiscard]] bool are_pods_late(const Key& deployment) const;

  // The pods of each revision, in the order of `revisions`.
  boost::asio::awaitable<Result<std::vector<std::vector<api::Pod>>>> pods_of_each(
      const api::Deployment& deployment, const std::vector<api::Revision>& revisions);

  boost::asio::awaitable<Result<api::Service>> service(const Key& key);

  // The Lease by which the kubelet of the node reports.
  boost::asio::awaitable<Result<checks::NodeLease>> node_lease(const std::string& node);

 private:
  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  const kube::Stores& stores_;
  const PodView& pod_view_;
};

}  // namespace lastgood::shell
