// What the release and its checks say: rolled back already, nothing to go back to, not failing
// lately, not its own fault.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

constexpr const char* rolled_back =
    "Rollback web-2-1b4e of this release ended as Failed; a release is rolled back once at most. "
    "Ship a new one, or make a "
    "Rollback "
    "by hand";
constexpr const char* not_lately =
    "Check health was breached, but has not failed lately (WrongStatus); it is acted upon when it "
    "fails again";

void compare(Inputs& inputs, api::MeasurementResult result, bool before) {
  inputs.guard.checks[1].baseline = api::BaselineResult{.result = result,
                                                        .message = "503 instead of 200-399",
                                                        .revision = "revision 1 (web-v1)",
                                                        .before = before,
                                                        .at = moment};
}

void moved_on(Inputs& inputs) {
  inputs.deployment.meta.generation += 1;
  inputs.preflight->generation += 1;
}

// The rollout's own check is breached too, and is the release's own.
void breach_rollout(Inputs& inputs) {
  api::CheckStatus& rollout = inputs.guard.checks[0];
  rollout.result = api::MeasurementResult::Fail;
  rollout.consecutive_failures = 1;
  rollout.breached = true;
  rollout.last_failure = moment;
}

std::vector<HoldRow> once() {
  return {
      {"Declined",
       "a person said no to it",
       [](Inputs& w) { w.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment}; },
       {{.reason = api::Reason::Declined,
         .message = "A person deleted Rollback web-2-1b4e of this release while it waited, so the "
                    "release stays. Ship a new one, or "
                    "make a Rollback by hand"}}},
      {"Declined", "nobody did", [](Inputs&) {}},
      {"AlreadyRolledBack",
       "a release is rolled back once",
       [](Inputs& w) { w.rollback = finished_rollback(w); },
       {{.reason = api::Reason::AlreadyRolledBack, .message = rolled_back}}},
      {"AlreadyRolledBack",
       "also when it has been scaled since",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         moved_on(w);
       },
       {{.reason = api::Reason::AlreadyRolledBack, .message = rolled_back}}},
      {"AlreadyRolledBack",
       "by its name alone, though the record says nothing of when",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->spec.detected.reset();
         w.rollback->spec.from.hash = TemplateHash("v0");
       },
       {{.reason = api::Reason::AlreadyRolledBack, .message = rolled_back}}},
      {"AlreadyRolledBack", "the same template shipped again later is another release",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->spec.detected = *w.guard.evaluation_started - 1ms;
         moved_on(w);
       }},
      {"AlreadyRolledBack", "so is another template",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->meta.key.name = "web-1-1b4e";
         w.rollback->spec.from.hash = TemplateHash("v0");
       }},
      {"AlreadyRolledBack", "the rollback of another Deployment says nothing",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->spec.deployment_uid = Uid("1b4e-another");
       }},
      {"AlreadyRolledBack", "nor does one that failed before anything was touched",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->status.template_restored.reset();
       }},
      {"AlreadyRolledBack", "nor does one that was superseded before anything was touched",
       [](Inputs& w) { w.rollback = finished_rollback(w, api::RollbackPhase::Superseded); }},
      {"AlreadyRolledBack",
       "superseded afterwards it was the one of this release",
       [](Inputs& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Superseded);
         w.rollback->status.template_restored = moment;
       },
       {{.reason = api::Reason::AlreadyRolledBack,
         .message = "Rollback web-2-1b4e of this release ended as Superseded; a release is rolled "
                    "back once at most. Ship a "
                    "new one, or make a Rollback by hand"}}},
      {"AlreadyRolledBack", "nor does one that is under way",
       [](Inputs& w) { w.rollback = finished_rollback(w, api::RollbackPhase::Restored); }},
  };
}

std::vector<HoldRow> where_to() {
  return {
      {"NoLastGood",
       "without a good revision there is nothing to go back to",
       [](Inputs& w) { w.guard.revisions.resize(1); },
       {{.reason = api::Reason::NoLastGood,
         .message = "There is nothing to go back to: no other revision of this Deployment is kept "
                    "as proven good. "
                    "Ship a release that works"}}},
      {"NoLastGood",
       "nor where it is not kept",
       [](Inputs& w) { w.guard.revisions[1].snapshot.clear(); },
       {{.reason = api::Reason::NoLastGood,
         .message = "There is nothing to go back to: revision 1 was good, but its template is not "
                    "kept. Ship a release that works"}}},
      {"NoLastGood", "one that is kept is enough", [](Inputs&) {}},
      {"NoLastGood", "a mark has a reason of its own",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; }},
      {"NoRollbackPast",
       "a marked release is not undone",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; },
       {{.reason = api::Reason::NoRollbackPast,
         .message = "Going back would do harm: revision 2 is marked lastgood.dev/no-rollback-past, "
                    "so revision 1 cannot be gone "
                    "back to. Ship a release that mends it, or roll back by hand with force"}}},
      {"NoRollbackPast",
       "nor is one gone back past that stands between",
       [](Inputs& w) {
         api::Revision between{
             .hash = TemplateHash("v1b"), .number = 7, .verdict = api::RevisionVerdict::Superseded};
         between.no_rollback_past = true;
         w.guard.revisions.insert(w.guard.revisions.begin() + 1, between);
       },
       {{.reason = api::Reason::NoRollbackPast,
         .message = "Going back would do harm: revision 7 is marked lastgood.dev/no-rollback-past, "
                    "so revision 1 cannot be gone "
                    "back to. Ship a release that mends it, or roll back by hand with force"}}},
      {"NoRollbackPast", "a marked one may be gone back to",
       [](Inputs& w) { w.guard.revisions[1].no_rollback_past = true; }},
      {"NoRollbackPast", "without a mark nothing is past one", [](Inputs&) {}},
  };
}

std::vector<HoldRow> lately() {
  return {
      {"Unconfirmed",
       "what failed an hour ago may have got well",
       [](Inputs& w) { w.guard.checks[1].last_failure = moment - 1h; },
       {{.reason = api::Reason::Unconfirmed, .message = not_lately}}},
      {"Unconfirmed",
       "so may what gives no answer now",
       [](Inputs& w) { w.guard.checks[1].result = api::MeasurementResult::Unknown; },
       {{.reason = api::Reason::Unconfirmed, .message = not_lately}}},
      {"Unconfirmed", "what fails now is confirmed", [](Inputs&) {}},
      {"Unconfirmed", "so it is by another check",
       [](Inputs& w) {
         w.guard.checks[1].result = api::MeasurementResult::Unknown;
         breach_rollout(w);
       }},
  };
}

std::vector<HoldRow> whose() {
  return {
      {"AlreadyFailing",
       "what failed before the release had a pod is not its fault",
       [](Inputs& w) { compare(w, api::MeasurementResult::Fail, true); },
       {{.reason = api::Reason::AlreadyFailing,
         .message = "Check health failed before the new revision had a pod, so the release is not "
                    "its cause. Then, revision 1 "
                    "(web-v1): 503 instead of 200-399. Now: as the test says. It is put back when "
                    "the old pods pass and the "
                    "new ones still fail; where none of the old is left, ship a release that "
                    "works, or make a Rollback by hand"}}},
      {"AlreadyFailing", "what passed before is",
       [](Inputs& w) { compare(w, api::MeasurementResult::Pass, true); }},
      {"AlreadyFailing", "what was not known before may be",
       [](Inputs& w) { compare(w, api::MeasurementResult::Unknown, true); }},
      {"AlreadyFailing", "what fails at the same time is another rule's",
       [](Inputs& w) { compare(w, api::MeasurementResult::Fail, false); }},
      {"AlreadyFailing", "another check that is its own is enough",
       [](Inputs& w) {
         compare(w, api::MeasurementResult::Fail, true);
         breach_rollout(w);
       }},
      {"SharedCause",
       "what fails just the same for the old revision is not mended by it",
       [](Inputs& w) { compare(w, api::MeasurementResult::Fail, false); },
       {{.reason = api::Reason::SharedCause,
         .message = "Check health fails just the same for revision 1 (web-v1), so going back to it "
                    "would not help. The old "
                    "revision, at 2026-11-24T12:00:30Z: 503 instead of 200-399. The new one: as "
                    "the test says. It is put back when "
                    "the old pods pass and the new ones still fail; where none of the old is left, "
                    "ship a release that works, or make a "
                    "Rollback by hand"}}},
      {"SharedCause", "where the old one passes, it is",
       [](Inputs& w) { compare(w, api::MeasurementResult::Pass, false); }},
      {"SharedCause", "where the old one is not asked, nothing is shared",
       [](Inputs& w) { w.guard.checks[1].baseline.reset(); }},
      {"SharedCause", "where it gives no answer, nothing is",
       [](Inputs& w) { compare(w, api::MeasurementResult::Unknown, false); }},
      {"SharedCause", "what failed before is another rule's",
       [](Inputs& w) { compare(w, api::MeasurementResult::Fail, true); }},
      {"SharedCause", "another check that is its own is enough",
       [](Inputs& w) {
         compare(w, api::MeasurementResult::Fail, false);
         breach_rollout(w);
       }},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_evidence() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = once();
    for (const auto& part : {where_to(), lately(), whose()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
