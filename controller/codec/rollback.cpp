#include "codec/rollback.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "codec/check_status.hpp"
#include "codec/meta.hpp"
#include "codec/shared_fields.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

GroupRollback read_group(const Reader& group) {
  GroupRollback out{.name = group.text("name", max_name)};
  const Json& members = group.raw("members");
  if (!members.is_null() && !members.is_array()) group.set_error("members", "is not a list");
  if (members.size() > max_members) {
    group.set_error("members",
                    fmt::format("has {} elements, more than {}", members.size(), max_members));
    return out;
  }
  for (const Json& member : members) {
    if (!member.is_string()) {
      group.set_error("members", "has an element that is not a string");
      break;
    }
    out.members.push_back(clip(member.get_ref<const std::string&>(), max_name));
  }
  return out;
}

RollbackSpec read_spec(const Reader& spec) {
  RollbackSpec out;
  out.deployment = spec.text("deployment");
  out.deployment_uid = Uid(spec.text("deploymentUid"));
  out.generation = spec.integer("generation");
  out.from = read_revision(spec.object("from"));
  out.to = read_revision(spec.object("to"));
  spec.each("undone", max_revisions,
            [&](const Reader& entry) { out.undone.push_back(read_revision(entry)); });
  out.check = spec.text("check");
  out.reason = read_reason(spec);
  out.message = spec.text("message");
  out.detected = spec.time("detected");
  if (spec.has("toRevision")) out.to_revision = spec.integer("toRevision");
  out.force = spec.boolean("force");
  out.drill = spec.boolean("drill");
  out.mode = read_enum(spec, "mode", Mode::Enforce, parse_mode);
  out.approved = spec.boolean("approved");
  out.policy = spec.text("policy", max_text);
  out.released_by = spec.text("releasedBy", max_name);
  out.released = spec.time("released");
  if (spec.has("group")) out.group = read_group(spec.object("group"));
  out.caused_by = spec.text("causedBy", max_name);
  return out;
}

std::optional<Duration> read_duration(const Reader& status, const char* key) {
  if (!status.has(key)) return std::nullopt;
  return status.parsed(key, Duration{0}, parse_duration);
}

RollbackStatus read_status(const Reader& status) {
  RollbackStatus out;
  out.phase = read_enum(status, "phase", RollbackPhase::Pending, parse_phase);
  out.message = status.text("message");
  out.waiting_for = read_reason(status, "waitingFor");
  out.blocked_by = status.text("blockedBy", max_name);
  out.approved_by = status.text("approvedBy", max_text);
  out.last_error = status.text("lastError", max_message);
  out.first_failure = status.time("firstFailure");
  out.template_restored = status.time("templateRestored");
  out.patched_generation = status.integer("patchedGeneration");
  out.rolled_out = status.time("rolledOut");
  out.finished = status.time("finished");
  out.evidence = read_checks(status, "evidence");
  out.verification = read_checks(status, "verification");
  status.each("changes", max_past, [&](const Reader& entry) {
    out.changes.push_back({.path = entry.text("path", max_text),
                           .from = entry.text("from", max_text),
                           .to = entry.text("to", max_text)});
  });
  status.each("timeline", max_past, [&](const Reader& entry) {
    out.timeline.push_back(
        {.time = entry.time("time").value_or(Time{}), .message = entry.text("message", max_text)});
  });
  out.time_to_detect = read_duration(status, "timeToDetect");
  out.time_to_act = read_duration(status, "timeToAct");
  out.conditions = read_conditions(status);
  return out;
}

Json json_of(const GroupRollback& group) {
  Json out = {{"name", clip(group.name, max_name)}};
  put_list(out, "members", group.members, max_members,
           [](const std::string& member) { return clip(member, max_name); });
  return out;
}

Json json_of(const Change& change) {
  Json out = {{"path", clip(change.path, max_text)}};
  put(out, "from", change.from, max_text);
  put(out, "to", change.to, max_text);
  return out;
}

Json json_of(const TimelineEntry& entry) {
  return {{"time", format_rfc3339_millis(entry.time)}, {"message", clip(entry.message, max_text)}};
}

constexpr auto as_json = [](const auto& part) { return json_of(part); };

}  // namespace

Result<Rollback> parse_rollback(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  Rollback out{.meta = read_meta(root.object("metadata")),
               .spec = read_spec(root.object("spec")),
               .status = read_status(root.object("status"))};
  if (error) return std::unexpected(*error);
  return out;
}

Result<Rollback> parse_rollback_or_problem(const Json& object) {
  auto rollback = parse_rollback(object);
  if (rollback) return rollback;
  auto meta = parse_meta(object);
  if (!meta) return std::unexpected(meta.error());
  Rollback out{.meta = *std::move(meta), .problem = clip(rollback.error().message, max_text)};
  std::optional<Error> ignored;
  out.spec.deployment = Reader(object, "", ignored).object("spec").text("deployment", max_name);
  return out;
}

Json to_json(const RollbackSpec& spec) {
  Json out = {{"deployment", spec.deployment}};
  put(out, "deploymentUid", spec.deployment_uid.value);
  if (is_bound(spec)) out["generation"] = spec.generation;
  if (spec.from != Revision{}) out["from"] = to_json(spec.from);
  if (spec.to != Revision{}) out["to"] = to_json(spec.to);
  put_list(out, "undone", spec.undone, max_revisions,
           [](const Revision& revision) { return to_json(revision); });
  put(out, "check", spec.check);
  put(out, "reason", to_string(spec.reason));
  put(out, "message", spec.message, max_message);
  put(out, "detected", spec.detected);
  if (spec.to_revision) out["toRevision"] = *spec.to_revision;
  put_true(out, "force", spec.force);
  put_true(out, "drill", spec.drill);
  // Before the Rollback is bound, the mode of its policy is not known.
  if (is_bound(spec) || spec.mode != Mode::Enforce) out["mode"] = to_string(spec.mode);
  put_true(out, "approved", spec.approved);
  put(out, "policy", spec.policy, max_text);
  put(out, "releasedBy", spec.released_by);
  put(out, "released", spec.released);
  if (spec.group) out["group"] = json_of(*spec.group);
  put(out, "causedBy", spec.caused_by);
  return out;
}

Result<Rollback> parse_watched_rollback(const Json& object) {
  auto rollback = parse_rollback_or_problem(object);
  if (!rollback || !finished(rollback->status.phase)) return rollback;
  RollbackStatus& status = rollback->status;
  status.evidence = {};
  std::erase_if(status.verification, [](const CheckStatus& check) { return !check.breached; });
  status.verification.shrink_to_fit();
  status.changes = {};
  status.timeline = {};
  status.conditions = {};
  return rollback;
}

Json to_json(const RollbackStatus& status) {
  Json out = {{"phase", to_string(status.phase)}};
  put(out, "message", status.message, max_message);
  put(out, "waitingFor", to_string(status.waiting_for));
  put(out, "blockedBy", status.blocked_by);
  put(out, "approvedBy", status.approved_by, max_text);
  put(out, "lastError", status.last_error, max_message);
  put(out, "firstFailure", status.first_failure);
  put(out, "templateRestored", status.template_restored);
  if (status.patched_generation > 0) out["patchedGeneration"] = status.patched_generation;
  put(out, "rolledOut", status.rolled_out);
  put(out, "finished", status.finished);
  put(out, "evidence", status.evidence);
  put(out, "verification", status.verification);
  put_list(out, "changes", status.changes, max_past, as_json);
  put_list(out, "timeline", status.timeline, max_past, as_json);
  put(out, "timeToDetect", status.time_to_detect);
  put(out, "timeToAct", status.time_to_act);
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::codec
