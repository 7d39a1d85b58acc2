#include "unit/guard/fixtures.hpp"

namespace lastgood::guard::test {

using api::MeasurementResult;

namespace {

api::Measurement measurement(const std::string& check, MeasurementResult result, Reason reason) {
  return {
      .check = check, .result = result, .reason = reason, .message = "message of the measurement"};
}

}  // namespace

api::Measurement pass(const std::string& check) {
  return measurement(check, MeasurementResult::Pass, Reason::Passed);
}
api::Measurement fails(const std::string& check) {
  return measurement(check, MeasurementResult::Fail, Reason::WrongStatus);
}
api::Measurement unknown(const std::string& check) {
  return measurement(check, MeasurementResult::Unknown, Reason::NoPodsToProbe);
}
api::Measurement fails_immediately(const std::string& check) {
  api::Measurement out = measurement(check, MeasurementResult::Fail, Reason::CrashLoop);
  out.immediate = true;
  return out;
}

namespace {

api::Measurement with_failing_baseline(const std::string& check, bool before_release) {
  api::Measurement out = fails(check);
  out.baseline = api::BaselineResult{.result = MeasurementResult::Fail,
                                     .reason = Reason::WrongStatus,
                                     .message = "the baseline returned 500",
                                     .revision = "revision 1 (web-v1)",
                                     .consecutive_failures = before_release ? 2 : 1,
                                     .before = before_release,
                                     .at = noon};
  return out;
}

}  // namespace

api::Measurement fails_like_baseline(const std::string& check) {
  return with_failing_baseline(check, false);
}
api::Measurement failed_before_release(const std::string& check) {
  return with_failing_baseline(check, true);
}

policy::EffectivePolicy web_policy() {
  policy::EffectivePolicy out{.kind = policy::EffectivePolicy::Kind::RollbackPolicy,
                              .name = "RollbackPolicy/web"};
  out.spec.bake_time = 10min;
  out.spec.verify_for = 5min;
  out.spec.checks = {{.name = "health", .interval = 10s, .failure_threshold = 3}};
  return out;
}

policy::EffectivePolicy broken_policy() {
  return {.kind = policy::EffectivePolicy::Kind::Broken,
          .name = "RollbackPolicy/web",
          .reason = Reason::PolicyNotFound,
          .message = "RollbackPolicy/web does not exist"};
}

api::Preflight failed_preflight(Reason reason, const std::string& message) {
  return {.ready = api::ConditionStatus::False, .reason = reason, .message = message};
}

api::ReplicaSet replica_set(const std::string& hash, bool is_current, std::int64_t number) {
  api::ReplicaSet out;
  out.meta.uid = Uid("rs-" + hash);
  out.meta.created = noon + std::chrono::seconds(number);
  out.hash = TemplateHash(hash);
  out.revision = number;
  out.is_current = is_current;
  return out;
}

}  // namespace lastgood::guard::test
