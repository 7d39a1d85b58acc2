#include "rollback/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "api/constants.hpp"
#include "base/digest.hpp"
#include "rollback/fields.hpp"
#include "rollback/managers.hpp"
#include "rollback/patch.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;
constexpr std::size_t digest_length = 8;

std::string short_digest(std::string_view text) { return digest_of(text).substr(0, digest_length); }

// A name cut to fit never ends in what Kubernetes does not allow at an end.
std::string cut(std::string_view name, std::size_t length) {
  std::string out(name.substr(0, length));
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out;
}

// A Deployment's name may be longer than a label's value.
std::string label_value(std::string_view deployment) {
  if (deployment.size() <= max_label) return std::string(deployment);
  return fmt::format("{}-{}", cut(deployment, max_label - digest_length - 1),
                     short_digest(deployment));
}

Json reduced_managers(const Json& managed_fields) {
  Json out = Json::array();
  for (const auto& entry : managed_fields) {
    if (!entry.is_object() || is_ours(entry) || is_status(entry)) continue;
    auto fields = within(object_at(entry, {"fieldsV1"}), Scope::TemplateAndLastApplied);
    if (fields.empty()) continue;
    Json reduced = entry;
    reduced["fieldsV1"] = std::move(fields);
    out.push_back(std::move(reduced));
  }
  return out;
}

// What makes two kept templates the same: all but when each manager last wrote.
Json essence(const Json& data) {
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
  const auto end =
      fmt::format("-{}-{}", hash.value, short_digest(uid.value + dumped(essence(data))));
  return cut(deployment, max_name - std::min(end.size(), max_name - 1)) + end;
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
    return fail(ErrorKind::Protocol,
                "the Deployment to keep a template of has no name, uid or template");
  auto data = data_of(live_deployment, revision.hash);
  // We are named as its controller so that no StatefulSet or DaemonSet adopts it; blocking the
  // Deployment's deletion is neither needed nor always allowed.
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
    return fail(ErrorKind::Protocol, fmt::format("ControllerRevision {} holds no pod template",
                                                 out.name.substr(0, 253)));
  if (const auto* annotation = find(controller_revision, {"data", "lastApplied"});
      annotation && annotation->is_string())
    out.last_applied = annotation->get<std::string>();
  out.managers = reduced_managers(array_at(controller_revision, {"data", "managers"}));
  return out;
}

bool is_same_snapshot(const Json& controller_revision, const Json& wanted) {
  return essence(object_at(controller_revision, {"data"})) == essence(object_at(wanted, {"data"}));
}

std::string snapshot_selector(std::string_view deployment) {
  return fmt::format("{}={}", api::label::deployment, label_value(deployment));
}

namespace {

bool is_good(const api::Revision& revision) {
  return revision.verdict == api::RevisionVerdict::Good ||
         revision.verdict == api::RevisionVerdict::PresumedGood;
}

std::set<std::string> names_that_matter(const api::GuardStatus& status,
                                        const api::Rollback* in_flight) {
  std::vector<const api::Revision*> good;
  for (const auto& revision : status.revisions)
    if (is_good(revision) && !revision.snapshot.empty()) good.push_back(&revision);
  // The verdict's time decides, as for the target; where it is the same, the order of the status,
  // newest first.
  std::ranges::sort(good, [](const auto* a, const auto* b) {
    return a->since == b->since ? a < b : a->since > b->since;
  });
  std::set<std::string> out;
  for (const auto* revision : good) {
    if (out.size() == 2) break;
    out.insert(revision->snapshot);
  }
  if (status.current && is_good(*status.current)) out.insert(status.current->snapshot);
  if (status.last_good) out.insert(status.last_good->snapshot);
  if (in_flight && !api::finished(in_flight->status.phase)) out.insert(in_flight->spec.to.snapshot);
  return out;
}

}  // namespace

std::vector<std::string> superfluous(const std::vector<Json>& controller_revisions,
                                     const api::GuardStatus& status,
                                     const api::Rollback* in_flight) {
  const auto matter = names_that_matter(status, in_flight);
  std::vector<std::string> out;
  for (const auto& item : controller_revisions) {
    const auto name = text_at(item, {"metadata", "name"});
    const auto labels = object_at(item, {"metadata", "labels"});
    const auto owners = array_at(item, {"metadata", "ownerReferences"});
    const bool own = labels.contains(api::label::deployment) &&
                     std::ranges::any_of(owners, [&](const Json& owner) {
                       return !status.deployment_uid.empty() &&
                              text_at(owner, {"uid"}) == status.deployment_uid.value;
                     });
    const auto hash = text_at(item, {"data", "hash"});
    const bool being_recorded =
        std::ranges::any_of(status.revisions, [&](const api::Revision& revision) {
          return revision.hash.value == hash && is_good(revision) && revision.snapshot.empty();
        });
    if (own && !being_recorded && !matter.contains(name)) out.push_back(name);
  }
  return out;
}

}  // namespace lastgood::rollback
