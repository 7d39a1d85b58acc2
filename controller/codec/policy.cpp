#include "codec/policy.hpp"

#include <fmt/format.h>

#include "api/find_check.hpp"
#include "base/text.hpp"
#include "codec/meta.hpp"
#include "codec/policy_checks.hpp"
#include "codec/shared_fields.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

RolloutCheck read_rollout(const Reader& reader) {
  RolloutCheck out;
  out.progress_deadline = reader.boolean("progressDeadline", out.progress_deadline);
  out.crash_loop_restarts = reader.int_or("crashLoopRestarts", out.crash_loop_restarts, 0, 100);
  out.image_pull_errors = reader.boolean("imagePullErrors", out.image_pull_errors);
  out.config_errors = reader.boolean("configErrors", out.config_errors);
  out.init_crash_loop_restarts =
      reader.int_or("initCrashLoopRestarts", out.init_crash_loop_restarts, 0, 100);
  out.config_errors_for = reader.parsed("configErrorsFor", out.config_errors_for,
                                        duration_within(seconds{1}, hours{1}));
  out.unavailable_for =
      reader.parsed("unavailableFor", out.unavailable_for, duration_within(Duration{0}, hours{1}));
  return out;
}

// The largest maxRevisionsBack. A guard lists 20 revisions: this bound is smaller, so the list
// always has enough revisions to show that maxRevisionsBack is exceeded.
constexpr int max_revisions_back_bound = 15;

void read_rollback(const Reader& reader, PolicySpec& spec) {
  spec.verify_for =
      reader.parsed("verifyFor", spec.verify_for, duration_within(seconds{1}, hours{24}));
  spec.cooldown = reader.parsed("cooldown", spec.cooldown, duration_within(Duration{0}, hours{24}));
  spec.max_revisions_back =
      reader.int_or("maxRevisionsBack", spec.max_revisions_back, 1, max_revisions_back_bound);
  const Reader limit = reader.object("limit");
  spec.limit.count = limit.int_or("count", spec.limit.count, 1, RollbackLimit::max_count);
  spec.limit.within =
      limit.parsed("within", spec.limit.within, duration_within(minutes{1}, hours{168}));
  const Reader drill = reader.object("drill");
  spec.drill.after_good = drill.boolean("afterGood", spec.drill.after_good);
  spec.drill.every =
      drill.parsed("every", spec.drill.every, duration_within(hours{1}, hours{8760}));
}

void read_minimum_bake(const Reader& reader, PolicySpec& spec) {
  if (!reader.has("minimumBake")) return;
  spec.minimum_bake =
      reader.parsed("minimumBake", spec.bake_time, duration_within(seconds{1}, hours{168}));
  if (*spec.minimum_bake > spec.bake_time) {
    reader.set_error("minimumBake", fmt::format("{} is longer than the bakeTime of {}",
                                                format_duration(*spec.minimum_bake),
                                                format_duration(spec.bake_time)));
  }
}

PolicySpec read_spec(const Reader& reader) {
  PolicySpec spec;
  spec.mode = read_enum(reader, "mode", spec.mode, parse_mode);
  spec.suspend = reader.boolean("suspend");
  if (reader.has("selector")) spec.selector = read_selector(reader.object("selector"));
  spec.bake_time =
      reader.parsed("bakeTime", spec.bake_time, duration_within(seconds{1}, hours{168}));
  if (reader.has("startupGrace"))
    spec.startup_grace =
        reader.parsed("startupGrace", Duration{0}, duration_within(Duration{0}, hours{24}));
  read_minimum_bake(reader, spec);
  reader.each("checks", max_checks, [&](const Reader& entry) {
    Check check = read_check(entry);
    if (find_check(spec.checks, check.name)) {
      entry.set_error("name", in_quotes(check.name) + " is the name of an earlier check");
    }
    spec.checks.push_back(std::move(check));
  });
  spec.rollout = read_rollout(reader.object("rollout"));
  read_rollback(reader.object("rollback"), spec);
  return spec;
}

PolicyStatus read_status(const Reader& status) {
  return PolicyStatus{.observed_generation = status.integer("observedGeneration"),
                      .guarded = status.integer("guarded"),
                      .conditions = read_conditions(status)};
}

}  // namespace

Result<RollbackPolicy> parse_policy(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  RollbackPolicy out{.meta = read_meta(root.object("metadata"))};
  if (error) return std::unexpected(*error);
  std::optional<Error> status_error;
  out.status = read_status(Reader(root.raw("status"), "status", status_error));
  if (status_error) out.status = {};

  std::optional<Error> problem;
  out.spec = read_spec(Reader(root.raw("spec"), "spec", problem, ErrorKind::BadInput));
  if (problem) out.problem = clip(problem->message, max_text);
  return out;
}

Json to_json(const PolicyStatus& status) {
  Json out = {{"observedGeneration", status.observed_generation}, {"guarded", status.guarded}};
  put(out, status.conditions);
  return out;
}

}  // namespace lastgood::codec
