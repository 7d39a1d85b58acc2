#include "rollback/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "rollback/deployment_json.hpp"
#include "rollback/managers.hpp"
#include "rollback/patch.hpp"
#include "rollback/patch_failure.hpp"

namespace lastgood::rollback {

using api::ConditionStatus;
using codec::Json;

namespace {

constexpr std::size_t max_message_size = 1024;
constexpr std::size_t max_part_size = 600;  // an error of the API server, or a list of names
constexpr std::size_t max_name_size = 300;  // a name with its kind

struct Finding {
  ConditionStatus ready = ConditionStatus::Unknown;
  api::Reason reason = api::Reason::None;
  std::string message;
};

Finding not_checked(std::string message) {
  return {.ready = ConditionStatus::Unknown,
          .reason = api::Reason::NotChecked,
          .message = std::move(message)};
}
Finding would_fail(api::Reason reason, std::string message) {
  return {.ready = ConditionStatus::False, .reason = reason, .message = std::move(message)};
}

std::string revision_text(const api::Revision& revision) {
  return revision.number > 0 ? fmt::format("revision {}", revision.number)
                             : fmt::format("revision {}", clip(revision.hash.value, max_name_size));
}

// "a", "a and b", "a, b and c". If not all fit: "a, b and 7 more".
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (out.size() + names[i].size() > max_part_size)
      return out + fmt::format(" and {} more", names.size() - i);
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + clip(names[i], max_name_size);
  }
  return out;
}

Finding forbidden(const std::string& operation, const std::string& error) {
  const auto permission = missing_permission(error);
  return would_fail(
      api::Reason::Forbidden,
      permission
          ? fmt::format("Lastgood lacks the permission to {}. Grant it to its service account",
                        *permission)
          : fmt::format("Lastgood may not {}: {}", operation, clip(error, max_part_size)));
}

bool is_deployment(const Json& live) {
  for (const auto* key : {"namespace", "name", "uid"})
    if (text_at(live, {"metadata", key}).empty()) return false;
  return number_at(live, {"metadata", "generation"}) > 0 &&
         !object_at(live, {"spec", "template"}).empty();
}

std::optional<Finding> problem_with_live(const PreflightInputs& in) {
  if (!in.live && in.live.error().kind == ErrorKind::Forbidden)
    return forbidden("read the Deployment", in.live.error().message);
  if (!in.live && in.live.error().kind == ErrorKind::NotFound)
    return not_checked("The Deployment was deleted");
  if (!in.live)
    return not_checked(fmt::format("Cannot read the Deployment: {}",
                                   clip(in.live.error().message, max_part_size)));
  if (!is_deployment(*in.live))
    return not_checked("The response of the API server is not a Deployment");
  if (text_at(*in.live, {"metadata", "uid"}) != in.deployment.meta.uid.value)
    return not_checked("The Deployment was deleted and created again");
  return std::nullopt;
}

std::optional<Finding> problem_with_snapshot(const PreflightInputs& in) {
  const auto invalid = [&](std::string_view why) {
    return would_fail(api::Reason::SnapshotInvalid,
                      fmt::format("{} cannot be restored: {}", revision_text(in.target), why));
  };
  if (in.target.snapshot.empty()) return invalid("it has no snapshot");
  const auto name = clip(in.target.snapshot, 253);
  if (!in.snapshot) {
    const auto& error = in.snapshot.error();
    if (error.kind == ErrorKind::NotFound)
      return would_fail(
          api::Reason::SnapshotMissing,
          fmt::format("{} cannot be restored: its snapshot, ControllerRevision {}, was "
                      "deleted",
                      revision_text(in.target), name));
    if (error.kind == ErrorKind::Forbidden)
      return forbidden("read ControllerRevisions", error.message);
    if (error.kind == ErrorKind::BadInput) return invalid(clip(error.message, max_part_size));
    return not_checked(fmt::format("Cannot read ControllerRevision {}: {}", name,
                                   clip(error.message, max_part_size)));
  }
  const auto snapshot = parse_snapshot(*in.snapshot);
  if (!snapshot) return invalid(clip(snapshot.error().message, max_part_size));
  if (snapshot->deployment != in.deployment.meta.uid || snapshot->hash != in.target.hash)
    return invalid(fmt::format("ControllerRevision {} is the snapshot of another revision", name));
  return std::nullopt;
}

std::optional<Finding> problem_with_patch(const PreflightInputs& in,
                                          const std::optional<Result<Json>>& dry_run) {
  if (!dry_run) return not_checked("The dry run of the patch was not sent");
  if (*dry_run) return std::nullopt;
  const auto& error = dry_run->error();
  const auto server_error = clip(error.message, max_part_size);
  switch (classify(error)) {
    case PatchFailure::Conflict: return not_checked("The Deployment changed during the preflight");
    case PatchFailure::Forbidden: return forbidden("patch the Deployment", error.message);
    case PatchFailure::AdmissionDenied:
      return would_fail(api::Reason::AdmissionDenied,
                        fmt::format("The API server does not admit the template of {}: {}",
                                    revision_text(in.target), server_error));
    case PatchFailure::Temporary: break;
  }
  return not_checked(fmt::format("The dry run of the patch failed: {}", server_error));
}

std::vector<std::string> names_in_state(const std::vector<ReferenceStatus>& references,
                                        ReferenceState state) {
  std::vector<std::string> out;
  for (const auto& status : references)
    if (status.state == state) out.push_back(name_of(status.reference));
  return out;
}

enum class Secrets : std::uint8_t { Only, Excluded };

const ReferenceStatus* first_in_state(const std::vector<ReferenceStatus>& references,
                                      ReferenceState state, Secrets secrets) {
  const auto found = std::ranges::find_if(references, [&](const ReferenceStatus& status) {
    return status.state == state &&
           (status.reference.kind == ReferenceKind::Secret) == (secrets == Secrets::Only);
  });
  return found == references.end() ? nullptr : &*found;
}

std::optional<Finding> missing_references(const PreflightInputs& in,
                                          const std::vector<ReferenceStatus>& references) {
  const auto missing = names_in_state(references, ReferenceState::Missing);
  if (missing.empty()) return std::nullopt;
  return would_fail(api::Reason::MissingReference,
                    missing.size() == 1
                        ? fmt::format("{} needs {}, which does not exist. Create it",
                                      revision_text(in.target), missing.front())
                        : fmt::format("{} needs {}, which do not exist. Create them",
                                      revision_text(in.target), listed(missing)));
}

// Secrets that Lastgood may not read are no finding: would_work() lists them as not checked.
std::optional<Finding> unreadable_references(const std::vector<ReferenceStatus>& references) {
  if (const auto* status = first_in_state(references, ReferenceState::Forbidden, Secrets::Excluded))
    return forbidden(fmt::format("read {}s", to_string(status->reference.kind)), status->error);
  for (const Secrets secrets : {Secrets::Excluded, Secrets::Only})
    if (const auto* status = first_in_state(references, ReferenceState::Unreadable, secrets))
      return not_checked(fmt::format("Cannot read {} {}: {}", to_string(status->reference.kind),
                                     clip(status->reference.name, 253),
                                     clip(status->error, max_part_size)));
  return std::nullopt;
}

// The finding if the namespace would reject the pods. The API server admits the Deployment anyway.
std::optional<Finding> rejected_pods(const PreflightInputs& in, const AdmissionWarnings& warnings) {
  const auto violation = enforced_violation(warnings);
  if (!violation) return std::nullopt;
  return would_fail(
      api::Reason::PodSecurityViolation,
      fmt::format(
          "{} {}. Namespace {} enforces a standard that forbids this, so it would reject the "
          "pods. Ship a release that complies, or change the label {} of the namespace",
          revision_text(in.target), clip(*violation, max_part_size),
          clip(in.deployment.meta.key.namespace_, max_name_size), enforced_standard_label));
}

Finding would_work(const PreflightInputs& in, const std::vector<ReferenceStatus>& references,
                   const AdmissionWarnings& warnings) {
  auto message = fmt::format(
      "A rollback to {} would work: the API server admits its template. Whether its images can be "
      "pulled is not known",
      revision_text(in.target));
  if (const auto* warning = pod_security_warning(warnings.texts))
    message += fmt::format(". The API server warns: {}", clip(*warning, max_part_size));
  auto not_checked_names = names_in_state(references, ReferenceState::NotChecked);
  // All Forbidden objects are Secrets here: for other kinds, unreadable_references() has a finding.
  std::ranges::copy(names_in_state(references, ReferenceState::Forbidden),
                    std::back_inserter(not_checked_names));
  if (!not_checked_names.empty())
    message += fmt::format(". Not checked, because Lastgood may not read Secrets: {}",
                           listed(not_checked_names));
  if (const auto others = other_managers(*in.live); !others.empty())
    message += fmt::format(". Other field managers of the Deployment's spec: {}", listed(others));
  return {
      .ready = ConditionStatus::True, .reason = api::Reason::Ready, .message = std::move(message)};
}

// The images of all containers, by the name of the container.
std::map<std::string, std::string> images_in(const Json& pod_template) {
  std::map<std::string, std::string> images;
  for (const auto* list : {"initContainers", "containers"})
    for (const auto& container : array_at(object_at(pod_template, {"spec"}), {list}))
      images[text_at(container, {"name"})] = text_at(container, {"image"});
  return images;
}

bool names_same_images(const PreflightInputs& in) {
  if (problem_with_live(in) || problem_with_snapshot(in)) return false;
  const auto snapshot = parse_snapshot(*in.snapshot);
  return images_in(snapshot->pod_template) == images_in(object_at(*in.live, {"spec", "template"}));
}

std::string capitalised(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// The order is that of evaluate_preflight() in the header: known obstacles before unknown ones.
Finding first_finding(const PreflightInputs& in, const std::vector<ReferenceStatus>& references,
                      const std::optional<Result<Json>>& dry_run,
                      const AdmissionWarnings& warnings) {
  if (auto finding = problem_with_snapshot(in); finding && finding->ready == ConditionStatus::False)
    return *std::move(finding);
  if (auto finding = problem_with_live(in)) return *std::move(finding);
  if (auto finding = problem_with_snapshot(in)) return *std::move(finding);
  auto patch = problem_with_patch(in, dry_run);
  if (patch && patch->ready == ConditionStatus::False) return *std::move(patch);
  if (auto finding = rejected_pods(in, warnings)) return *std::move(finding);
  if (auto finding = missing_references(in, references)) return *std::move(finding);
  if (auto finding = unreadable_references(references);
      finding && (finding->ready == ConditionStatus::False || !patch))
    return *std::move(finding);
  if (patch) return *std::move(patch);
  return would_work(in, references, warnings);
}

}  // namespace

api::ApiCall template_dry_run(const Json& live, const Snapshot& snapshot,
                              std::string_view rollback_name) {
  auto call = template_patch(live, snapshot, rollback_name);
  call.target += "&dryRun=All";
  return call;
}

ReferenceStatus reference_status(const Reference& reference, const Result<Json>& object) {
  ReferenceStatus out{.reference = reference, .state = ReferenceState::Exists};
  if (object) return out;
  switch (object.error().kind) {
    case ErrorKind::NotFound:
    // BadInput: no object can have this name.
    case ErrorKind::BadInput: out.state = ReferenceState::Missing; return out;
    case ErrorKind::Forbidden: out.state = ReferenceState::Forbidden; break;
    default: out.state = ReferenceState::Unreadable; break;
  }
  out.error = object.error().message;
  return out;
}

std::vector<Reference> required_references(const Json& deployment) {
  std::vector<Reference> out = references_of(object_at(deployment, {"spec", "template"}));
  std::erase_if(out, [](const Reference& reference) { return reference.optional; });
  return out;
}

std::string name_of(const Reference& reference) {
  return fmt::format("{} {}", to_string(reference.kind), reference.name);
}

Duration cache_lifetime(ReferenceState state, Duration missing_for) {
  constexpr std::chrono::seconds recently{20};
  switch (state) {
    case ReferenceState::Exists:
    case ReferenceState::Forbidden:
    case ReferenceState::NotChecked: return std::chrono::seconds(60);
    case ReferenceState::Missing:
      return missing_for < recently ? std::chrono::milliseconds(500) : std::chrono::seconds(10);
    case ReferenceState::Unreadable: break;
  }
  return Duration::zero();
}

PreflightRequests preflight_requests(const PreflightInputs& inputs,
                                     std::string_view rollback_name) {
  if (problem_with_live(inputs) || problem_with_snapshot(inputs)) return {};
  const auto snapshot = parse_snapshot(*inputs.snapshot);
  PreflightRequests out{.dry_run = template_dry_run(*inputs.live, *snapshot, rollback_name)};
  for (auto& reference : references_of(snapshot->pod_template))
    if (!reference.optional) out.references.push_back(std::move(reference));
  return out;
}

api::Preflight evaluate_preflight(const PreflightInputs& inputs,
                                  const std::vector<ReferenceStatus>& references,
                                  const std::optional<Result<Json>>& dry_run,
                                  const AdmissionWarnings& warnings, Time now) {
  auto finding = first_finding(inputs, references, dry_run, warnings);
  const auto live_generation =
      inputs.live ? number_at(*inputs.live, {"metadata", "generation"}) : 0;
  return {.ready = finding.ready,
          .reason = finding.reason,
          .message = clip(capitalised(std::move(finding.message)), max_message_size),
          .generation = live_generation > 0 ? live_generation : inputs.deployment.meta.generation,
          .target = inputs.target.snapshot,
          .at = now,
          .same_images = names_same_images(inputs)};
}

std::vector<std::string> other_managers(const Json& live) {
  std::vector<std::string> out;
  for (const auto& entry : array_at(live, {"metadata", "managedFields"})) {
    if (is_own_entry(entry) || is_status_entry(entry) || !find(entry, {"fieldsV1", "f:spec"}))
      continue;
    auto name = text_at(entry, {"manager"});
    if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace lastgood::rollback
