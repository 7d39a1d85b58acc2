#include "rollback/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "rollback/fields.hpp"
#include "rollback/managers.hpp"
#include "rollback/patch.hpp"
#include "rollback/refusal.hpp"

namespace lastgood::rollback {

using api::ConditionStatus;
using codec::Json;

namespace {

constexpr std::size_t max_message = 1024;
constexpr std::size_t max_words = 600;  // of the server, or of a list of names
constexpr std::size_t max_name = 300;   // with its kind

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
Finding never(api::Reason reason, std::string message) {
  return {
      .ready = ConditionStatus::False, .reason = reason, .message = std::move(message)};
}

std::string named(const api::Revision& revision) {
  return revision.number > 0 ? fmt::format("revision {}", revision.number)
                             : fmt::format("revision {}", clip(revision.hash.value, max_name));
}

// "a", "a and b", "a, b and c"; as many as fit: "a, b and 7 more".
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (out.size() + names[i].size() > max_words)
      return out + fmt::format(" and {} more", names.size() - i);
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + clip(names[i], max_name);
  }
  return out;
}

Finding not_allowed(const std::string& what, const std::string& words) {
  const auto lacking = lacking_permission(words);
  return never(api::Reason::Forbidden,
               lacking ? fmt::format("Lastgood may not {}", *lacking)
                       : fmt::format("Lastgood may not {}: {}", what, clip(words, max_words)));
}

bool is_usable(const Json& live) {
  for (const auto* key : {"namespace", "name", "uid"})
    if (text_at(live, {"metadata", key}).empty()) return false;
  return number_at(live, {"metadata", "generation"}) > 0 &&
         !object_at(live, {"spec", "template"}).empty();
}

std::optional<Finding> problem_with_live(const Inspection& in) {
  if (!in.live && in.live.error().kind == ErrorKind::Forbidden)
    return not_allowed("read the Deployment", in.live.error().message);
  if (!in.live && in.live.error().kind == ErrorKind::NotFound)
    return not_checked("The Deployment does not exist any more");
  if (!in.live)
    return not_checked(fmt::format("The Deployment could not be read: {}",
                                   clip(in.live.error().message, max_words)));
  if (!is_usable(*in.live)) return not_checked("The answer of the API server is no Deployment");
  if (text_at(*in.live, {"metadata", "uid"}) != in.deployment.meta.uid.value)
    return not_checked("The Deployment was deleted and made again under the same name");
  return std::nullopt;
}

std::optional<Finding> problem_with_snapshot(const Inspection& in) {
  const auto lost = [&](std::string_view why) {
    return never(api::Reason::SnapshotInvalid,
                 fmt::format("The template of {} cannot be put back: {}", named(in.target), why));
  };
  if (in.target.snapshot.empty()) return lost("no ControllerRevision keeps it");
  const auto name = clip(in.target.snapshot, 253);
  if (!in.kept) {
    const auto& error = in.kept.error();
    if (error.kind == ErrorKind::NotFound)
      return never(api::Reason::SnapshotMissing,
                   fmt::format("The template of {} cannot be put back: "
                               "ControllerRevision {} does not exist any more",
                               named(in.target), name));
    if (error.kind == ErrorKind::Forbidden)
      return not_allowed("read ControllerRevisions", error.message);
    if (error.kind == ErrorKind::BadInput) return lost(clip(error.message, max_words));
    return not_checked(fmt::format("ControllerRevision {} could not be read: {}", name,
                                   clip(error.message, max_words)));
  }
  const auto kept = parse_snapshot(*in.kept);
  if (!kept) return lost(clip(kept.error().message, max_words));
  if (kept->deployment != in.deployment.meta.uid || kept->hash != in.target.hash)
    return lost(fmt::format("ControllerRevision {} keeps another one", name));
  return std::nullopt;
}

std::optional<Finding> problem_with_patch(const Inspection& in,
                                          const std::optional<Result<Json>>& dry_run) {
  if (!dry_run) return not_checked("The dry run of the patch was not sent");
  if (*dry_run) return std::nullopt;
  const auto& error = dry_run->error();
  const auto words = clip(error.message, max_words);
  switch (meaning_of(error)) {
    case Refusal::Moved: return not_checked("The Deployment changed while it was looked at");
    case Refusal::NotAllowed: return not_allowed("patch the Deployment", error.message);
    case Refusal::NotAdmitted:
      return never(api::Reason::AdmissionDenied,
                   fmt::format("The API server does not admit the template of {}: {}",
                               named(in.target), words));
    case Refusal::Unanswered: break;
  }
  return not_checked(fmt::format("The dry run of the patch could not be done: {}", words));
}

std::vector<std::string> those(const std::vector<Looked>& references, Existence existence) {
  std::vector<std::string> out;
  for (const auto& one : references)
    if (one.existence == existence)
      out.push_back(fmt::format("{} {}", to_string(one.reference.kind), one.reference.name));
  return out;
}

const Looked* first(const std::vector<Looked>& references, Existence existence, bool secrets) {
  const auto found = std::ranges::find_if(references, [&](const Looked& one) {
    return one.existence == existence && (one.reference.kind == Referent::Secret) == secrets;
  });
  return found == references.end() ? nullptr : &*found;
}

std::optional<Finding> missing_references(const Inspection& in,
                                          const std::vector<Looked>& references) {
  const auto missing = those(references, Existence::Missing);
  if (missing.empty()) return std::nullopt;
  return never(api::Reason::MissingReference,
               fmt::format("{} needs {}, which {} not exist", named(in.target), listed(missing),
                           missing.size() == 1 ? "does" : "do"));
}

std::optional<Finding> unknown_references(const std::vector<Looked>& references) {
  if (const auto* one = first(references, Existence::NotAllowed, false))
    return not_allowed(fmt::format("read {}s", to_string(one->reference.kind)), one->words);
  for (const bool secrets : {false, true})
    if (const auto* one = first(references, Existence::Unreadable, secrets))
      return not_checked(fmt::format("{} {} could not be read: {}", to_string(one->reference.kind),
                                     clip(one->reference.name, 253), clip(one->words, max_words)));
  return std::nullopt;
}

Finding would_work(const Inspection& in, const std::vector<Looked>& references) {
  auto message = fmt::format("{} would be put back; the API server admits it", named(in.target));
  auto hidden = those(references, Existence::NotAsked);
  // What is not allowed is of a Secret here: any other has been found before.
  std::ranges::copy(those(references, Existence::NotAllowed), std::back_inserter(hidden));
  if (!hidden.empty())
    message += fmt::format(". Whether {} {} is not known: Lastgood may not read Secrets",
                           listed(hidden), hidden.size() == 1 ? "exists" : "exist");
  if (const auto others = other_managers(*in.live); !others.empty())
    message += fmt::format(". Also managed by {}", listed(others));
  return {
      .ready = ConditionStatus::True, .reason = api::Reason::Ready, .message = std::move(message)};
}

std::string capitalised(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// What is known for certain to stand in the way comes before what is not known.
Finding judged(const Inspection& in, const std::vector<Looked>& references,
               const std::optional<Result<Json>>& dry_run) {
  if (auto finding = problem_with_snapshot(in); finding && finding->ready == ConditionStatus::False)
    return *std::move(finding);
  if (auto finding = problem_with_live(in)) return *std::move(finding);
  if (auto finding = problem_with_snapshot(in)) return *std::move(finding);
  auto patch = problem_with_patch(in, dry_run);
  if (patch && patch->ready == ConditionStatus::False) return *std::move(patch);
  if (auto finding = missing_references(in, references)) return *std::move(finding);
  if (auto finding = unknown_references(references);
      finding && (finding->ready == ConditionStatus::False || !patch))
    return *std::move(finding);
  if (patch) return *std::move(patch);
  return would_work(in, references);
}

}  // namespace

api::ApiCall template_dry_run(const Json& live, const Snapshot& kept,
                              std::string_view rollback_name) {
  auto call = template_patch(live, kept, rollback_name);
  call.target += "&dryRun=All";
  return call;
}

Looked looked(const Reference& reference, const Result<Json>& object) {
  Looked out{.reference = reference, .existence = Existence::Exists};
  if (object) return out;
  switch (object.error().kind) {
    case ErrorKind::NotFound:
    // No object can have such a name.
    case ErrorKind::BadInput: out.existence = Existence::Missing; return out;
    case ErrorKind::Forbidden: out.existence = Existence::NotAllowed; break;
    default: out.existence = Existence::Unreadable; break;
  }
  out.words = object.error().message;
  return out;
}

// What is missing may be made any moment by who waits for the rollback.
Duration lifetime(Existence existence) {
  switch (existence) {
    case Existence::Exists:
    case Existence::NotAllowed:
    case Existence::NotAsked: return std::chrono::seconds(60);
    case Existence::Missing: return std::chrono::seconds(10);
    case Existence::Unreadable: break;
  }
  return Duration::zero();
}

Questions questions_of(const Inspection& inspection, std::string_view rollback_name) {
  if (problem_with_live(inspection) || problem_with_snapshot(inspection)) return {};
  const auto kept = parse_snapshot(*inspection.kept);
  Questions out{.dry_run = template_dry_run(*inspection.live, *kept, rollback_name)};
  for (auto& reference : references_of(kept->pod_template))
    if (!reference.optional) out.references.push_back(std::move(reference));
  return out;
}

api::Preflight evaluate_preflight(const Inspection& inspection,
                                  const std::vector<Looked>& references,
                                  const std::optional<Result<Json>>& dry_run, Time now) {
  auto finding = judged(inspection, references, dry_run);
  const auto live_generation =
      inspection.live ? number_at(*inspection.live, {"metadata", "generation"}) : 0;
  return {
      .ready = finding.ready,
      .reason = finding.reason,
      .message = clip(capitalised(std::move(finding.message)), max_message),
      .generation = live_generation > 0 ? live_generation : inspection.deployment.meta.generation,
      .target = inspection.target.snapshot,
      .at = now};
}

std::vector<std::string> other_managers(const Json& live) {
  std::vector<std::string> out;
  for (const auto& entry : array_at(live, {"metadata", "managedFields"})) {
    if (is_ours(entry) || is_status(entry) || !find(entry, {"fieldsV1", "f:spec"})) continue;
    auto name = text_at(entry, {"manager"});
    if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace lastgood::rollback
