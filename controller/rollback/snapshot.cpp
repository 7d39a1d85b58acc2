#include "rollback/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/constants.hpp"
#include "base/digest.hpp"
#include "rollback/deployment_json.hpp"
#include "rollback/managers.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

constexpr std::size_t max_name_size = 253;
constexpr std::size_t max_label_size = 63;
constexpr std::size_t digest_size = 8;

std::string short_digest(std::string_view text) { return digest_of(text).substr(0, digest_size); }

// The first `length` bytes, without "-" and "." at the end: a "-" follows, and Kubernetes does not
// allow ".-" in a name.
std::string shortened(std::string_view name, std::size_t length) {
  std::string out(name.substr(0, length));
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out;
}

// The name of the Deployment, shortened if it is longer than a label value may be.
std::string label_value(std::string_view deployment) {
  if (deployment.size() <= max_label_size) return std::string(deployment);
  return fmt::format("{}-{}", shortened(deployment, max_label_size - digest_size - 1),
                     short_digest(deployment));
}

// The entries of other managers, reduced to their fields of the template and last-applied.
Json reduced_managers(const Json& managed_fields) {
  Json out = Json::array();
  for (const auto& entry : managed_fields) {
    if (!entry.is_object() || is_own_entry(entry) || is_status_entry(entry)) continue;
    auto fields = within(object_at(entry, {"fieldsV1"}), Scope::TemplateAndLastApplied);
    if (fields.empty()) continue;
    Json reduced = entry;
    reduced["fieldsV1"] = std::move(fields);
    out.push_back(std::move(reduced));
  }
  return out;
}

// The data without the times of the managers, and with the managers in a fixed order: equal for
// snapshots with the same content.
Json without_times(const Json& data) {
  Json out = data;
  std::vector<Json> managers;
  for (auto entry : array_at(data, {"managers"})) {
    if (entry.is_object()) entry.erase("time");
    managers.push_back(std::move(entry));
  }
  std::ranges::sort(managers, {}, dumped);
  if (out.is_object()) out["managers"] = std::move(managers);
  return out;
}

std::string name_of(std::string_view deployment, const Uid& uid, const TemplateHash& hash,
                    const Json& data) {
  const auto suffix =
      fmt::format("-{}-{}", hash.value, short_digest(uid.value + dumped(without_times(data))));
  return shortened(deployment, max_name_size - std::min(suffix.size(), max_name_size - 1)) + suffix;
}

Json data_of(const Json& live, const TemplateHash& hash) {
  Json data{{"hash", hash.value},
            {"template", without_template_hash(object_at(live, {"spec", "template"}))},
            {"managers", reduced_managers(array_at(live, {"metadata", "managedFields"}))}};
  if (const auto* annotation =
          find(live, {"metadata", "annotations", api::annotation::last_applied});
      annotation && annotation->is_string())
    data["lastApplied"] = *annotation;
  return data;
}

}  // namespace

Result<Json> build_snapshot(const Json& live_deployment, const api::Revision& revision) {
  const auto name = text_at(live_deployment, {"metadata", "name"});
  const Uid uid(text_at(live_deployment, {"metadata", "uid"}));
  if (name.empty() || uid.empty() || object_at(live_deployment, {"spec", "template"}).empty())
    return fail(
        ErrorKind::Protocol,
        "cannot store a snapshot: the response is not a Deployment with name, uid and template");
  auto data = data_of(live_deployment, revision.hash);
  // With `controller: true`, no StatefulSet or DaemonSet adopts the object. `blockOwnerDeletion` is
  // not needed, and is forbidden where OwnerReferencesPermissionEnforcement is on.
  Json owner{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name},
             {"uid", uid.value},        {"controller", true},   {"blockOwnerDeletion", false}};
  return Json{{"apiVersion", "apps/v1"},
              {"kind", "ControllerRevision"},
              {"metadata",
               {{"name", name_of(name, uid, revision.hash, data)},
                {"namespace", text_at(live_deployment, {"metadata", "namespace"})},
                {"labels", {{api::label::deployment, label_value(name)}}},
                {"ownerReferences", Json::array({std::move(owner)})}}},
              {"revision", std::max<std::int64_t>(revision.number, 0)},
              {"data", std::move(data)}};
}

Result<Snapshot> parse_snapshot(const Json& controller_revision) {
  Snapshot out{.name = text_at(controller_revision, {"metadata", "name"}),
               .hash = TemplateHash(text_at(controller_revision, {"data", "hash"})),
               .revision = number_at(controller_revision, {"revision"}),
               .pod_template = object_at(controller_revision, {"data", "template"})};
  for (const auto& owner : array_at(controller_revision, {"metadata", "ownerReferences"}))
    if (text_at(owner, {"kind"}) == "Deployment") out.deployment = Uid(text_at(owner, {"uid"}));
  if (out.name.empty() || !find(out.pod_template, {"spec", "containers"}))
    return fail(ErrorKind::Protocol,
                fmt::format("ControllerRevision {} has no pod template", out.name.substr(0, 253)));
  if (const auto* annotation = find(controller_revision, {"data", "lastApplied"});
      annotation && annotation->is_string())
    out.last_applied = annotation->get<std::string>();
  out.managers = reduced_managers(array_at(controller_revision, {"data", "managers"}));
  return out;
}

bool is_same_snapshot(const Json& controller_revision, const Json& wanted) {
  return without_times(object_at(controller_revision, {"data"})) ==
         without_times(object_at(wanted, {"data"}));
}

std::string snapshot_selector(std::string_view deployment) {
  return fmt::format("{}={}", api::label::deployment, label_value(deployment));
}

namespace {

bool is_good(const api::Revision& revision) {
  return revision.verdict == api::RevisionVerdict::Good ||
         revision.verdict == api::RevisionVerdict::PresumedGood;
}

// A release gets its snapshot while it is evaluated: if a newer release replaces it after
// spec.minimumBake, it is good at once.
bool may_become_good(const api::Revision& revision) {
  return is_good(revision) || revision.verdict == api::RevisionVerdict::Evaluating;
}

std::set<std::string> needed_names(const api::GuardStatus& status,
                                   const api::Rollback* in_progress) {
  std::vector<const api::Revision*> good;
  for (const auto& revision : status.revisions)
    if (is_good(revision) && !revision.snapshot.empty()) good.push_back(&revision);
  // Sorted by the time of the verdict, as for the choice of the target. Revisions with equal times
  // keep their order in the status, which is newest first.
  std::ranges::sort(good, [](const auto* a, const auto* b) {
    return a->since == b->since ? a < b : a->since > b->since;
  });
  std::set<std::string> out;
  for (const auto* revision : good) {
    if (out.size() == 2) break;
    out.insert(revision->snapshot);
  }
  if (status.current && may_become_good(*status.current)) out.insert(status.current->snapshot);
  if (status.last_good) out.insert(status.last_good->snapshot);
  if (in_progress && !api::finished(in_progress->status.phase))
    out.insert(in_progress->spec.to.snapshot);
  return out;
}

}  // namespace

std::vector<std::string> snapshots_to_delete(const std::vector<Json>& controller_revisions,
                                             const api::GuardStatus& status,
                                             const api::Rollback* in_progress) {
  const auto needed = needed_names(status, in_progress);
  std::vector<std::string> out;
  for (const auto& item : controller_revisions) {
    const auto name = text_at(item, {"metadata", "name"});
    const auto labels = object_at(item, {"metadata", "labels"});
    const auto owners = array_at(item, {"metadata", "ownerReferences"});
    const bool is_own = labels.contains(api::label::deployment) &&
                        std::ranges::any_of(owners, [&](const Json& owner) {
                          return !status.deployment_uid.empty() &&
                                 text_at(owner, {"uid"}) == status.deployment_uid.value;
                        });
    const auto hash = text_at(item, {"data", "hash"});
    const bool is_not_recorded_yet =
        std::ranges::any_of(status.revisions, [&](const api::Revision& revision) {
          return revision.hash.value == hash && may_become_good(revision) &&
                 revision.snapshot.empty();
        });
    if (is_own && !is_not_recorded_yet && !needed.contains(name)) out.push_back(name);
  }
  return out;
}

}  // namespace lastgood::rollback
