// The status of a Rollback after a step of the executor.
#include "rollback/outcome.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::rollback;
using api::RollbackPhase;

namespace {

constexpr Time now{};

NextStep patch_template() { return PatchTemplate{}; }

Error rejection() {
  return {.kind = ErrorKind::Forbidden, .message = "admission webhook denied the request"};
}

}  // namespace

TEST_CASE("the reads before the patch are repeated after 2 s, but at most twice") {
  const std::chrono::seconds recent{2};
  const std::chrono::milliseconds old{2001};
  CHECK_FALSE(repeats_reads(recent, 0));
  CHECK(repeats_reads(old, 0));
  CHECK(repeats_reads(old, 1));
  CHECK_FALSE(repeats_reads(old, 2));
}

TEST_CASE("record_step clears the last error and the hold when the step is Requeue") {
  api::RollbackStatus status{.phase = RollbackPhase::Pending};
  status.last_error = "admission webhook denied the request";
  status.waiting_for = api::Reason::GroupOrder;
  status.blocked_by = "api";
  record_step(Requeue{.reason = {}, .message = "The Deployment could not be read"}, status, now);
  CHECK(status.message == "The Deployment could not be read");
  CHECK(status.last_error.empty());
  CHECK(status.waiting_for == api::Reason::None);
  CHECK(status.blocked_by.empty());
  CHECK(status.phase == RollbackPhase::Pending);
}

TEST_CASE("record_step keeps the status when the step has a write") {
  api::RollbackStatus status{.phase = RollbackPhase::Pending, .message = "as before"};
  record_step(patch_template(), status, now);
  CHECK(status.phase == RollbackPhase::Pending);
  CHECK(status.message == "as before");
}

TEST_CASE("record_success records the generation of the patched Deployment") {
  api::RollbackStatus status;
  record_success(PatchTemplate{}, {{"metadata", {{"generation", 9}}}}, status, {});
  CHECK(status.phase == api::RollbackPhase::TemplateRestored);
  CHECK(status.patched_generation == 9);
}

TEST_CASE("record_error keeps the phase and records the error when the template is rejected") {
  api::RollbackStatus status{.phase = RollbackPhase::Pending};
  status.waiting_for = api::Reason::GroupOrder;
  status.blocked_by = "api";
  record_error(patch_template(), rejection(), status, now);
  CHECK(status.phase == RollbackPhase::Pending);
  CHECK(status.last_error == "admission webhook denied the request");
  CHECK(status.message == "The template is not restored yet: admission webhook denied the request");
  CHECK(status.waiting_for == api::Reason::AdmissionDenied);
  CHECK(status.blocked_by.empty());
}

TEST_CASE("record_error names admission as the cause only when the server rejected the template") {
  const std::vector<Error> others = {
      {.kind = ErrorKind::TimedOut, .message = "no complete response within 4s"},
      {.kind = ErrorKind::Conflict, .message = "the policy is suspended"},
      {.kind = ErrorKind::Server, .message = "etcd is down", .status = 500},
      {.kind = ErrorKind::Invalid,
       .message = "the server rejected our request due to an error in our request"},
  };
  for (const Error& error : others) {
    CAPTURE(error.message);
    api::RollbackStatus status{.phase = RollbackPhase::Pending};
    status.waiting_for = api::Reason::AdmissionDenied;
    record_error(patch_template(), error, status, now);
    CHECK(status.last_error == error.message);
    CHECK(status.waiting_for == api::Reason::None);
  }
}

TEST_CASE("is_permanent is true only if the same write fails again later") {
  const auto invalid = [](const char* message) {
    return Error{.kind = ErrorKind::Invalid, .message = message};
  };
  CHECK(is_permanent({.kind = ErrorKind::Forbidden, .message = "no permission"}));
  CHECK(is_permanent(invalid("metadata.managedFields: Invalid value")));
  CHECK_FALSE(
      is_permanent(invalid("the server rejected our request due to an error in our "
                           "request")));
  CHECK_FALSE(is_permanent({.kind = ErrorKind::Conflict, .message = "it has been modified"}));
  CHECK_FALSE(is_permanent({.kind = ErrorKind::Server, .message = "etcd is down"}));
  CHECK_FALSE(is_permanent({.kind = ErrorKind::TimedOut, .message = "no response"}));
}

TEST_CASE("approval_in reads the approval from the object with the uid, unless it is deleted") {
  const Uid uid("r1");
  codec::Json stored{{"metadata", {{"namespace", "shop"}, {"name", "web-2-1"}, {"uid", "r1"}}},
                     {"spec", {{"deployment", "web"}, {"approved", true}}}};
  CHECK(approval_in(stored, uid).value());
  stored["spec"].erase("approved");
  CHECK_FALSE(approval_in(stored, uid).value());
  const std::string deleted = rollback_deleted().message;
  CHECK(approval_in(stored, Uid("r2")).error().message == deleted);
  stored["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  CHECK(approval_in(stored, uid).error().message == deleted);
  CHECK(approval_in(fail(ErrorKind::NotFound, "404"), uid).error().message == deleted);
  CHECK(approval_in(fail(ErrorKind::TimedOut, "slow"), uid).error().kind == ErrorKind::TimedOut);
  CHECK_FALSE(approval_in(codec::Json("text"), uid).has_value());
}

TEST_CASE("is_deletion_denied is true when the server forbids the deletion, not when it failed") {
  const auto denied = [](ErrorKind kind, const char* message) {
    return is_deletion_denied({.kind = kind, .message = message});
  };
  CHECK(denied(ErrorKind::Forbidden, "User \"lastgood\" cannot delete resource"));
  CHECK(denied(ErrorKind::Invalid, "ValidatingAdmissionPolicy 'old' denied request: no"));
  CHECK(denied(ErrorKind::Server, "admission webhook \"audit\" denied the request: no"));
  CHECK_FALSE(denied(ErrorKind::Server, "internal error"));
  CHECK_FALSE(denied(ErrorKind::Conflict, "the UID in the precondition does not match"));
  CHECK_FALSE(denied(ErrorKind::NotFound, "not found"));
  CHECK_FALSE(denied(ErrorKind::TooManyRequests, "later"));
}
