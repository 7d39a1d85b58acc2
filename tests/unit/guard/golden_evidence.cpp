// What the release and its checks say: rolled back already, nothing to go back to, not failing
// lately, not its own fault.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

const std::vector<std::string> rolled_back{"web-2-1b4e", "Failed"};
const std::vector<std::string> not_lately{"health", "WrongStatus"};

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
       {{.reason = Reason::Declined, .mentions = {"web-2-1b4e"}}}},
      {"Declined", "nobody did", [](Inputs&) {}},
      {"AlreadyRolledBack",
       "a release is rolled back once",
       [](Inputs& w) { w.rollback = finished_rollback(w); },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back}}},
      {"AlreadyRolledBack",
       "also when it has been scaled since",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         moved_on(w);
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back}}},
      {"AlreadyRolledBack",
       "by its name alone, though the record says nothing of when",
       [](Inputs& w) {
         w.rollback = finished_rollback(w);
         w.rollback->spec.detected.reset();
         w.rollback->spec.from.hash = TemplateHash("v0");
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back}}},
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
       {{.reason = Reason::AlreadyRolledBack, .mentions = {"web-2-1b4e", "Superseded"}}}},
      {"AlreadyRolledBack", "nor does one that is under way",
       [](Inputs& w) { w.rollback = finished_rollback(w, api::RollbackPhase::Restored); }},
  };
}

std::vector<HoldRow> where_to() {
  return {
      {"NoLastGood",
       "without a good revision there is nothing to go back to",
       [](Inputs& w) { w.guard.revisions.resize(1); },
       {{.reason = Reason::NoLastGood}}},
      {"NoLastGood",
       "nor where it is not kept",
       [](Inputs& w) { w.guard.revisions[1].snapshot.clear(); },
       {{.reason = Reason::NoLastGood, .mentions = {"revision 1"}}}},
      {"NoLastGood", "one that is kept is enough", [](Inputs&) {}},
      {"NoLastGood", "a mark has a reason of its own",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; }},
      {"NoRollbackPast",
       "a marked release is not undone",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; },
       {{.reason = Reason::NoRollbackPast,
         .mentions = {"revision 2", "revision 1", "lastgood.dev/no-rollback-past"}}}},
      {"NoRollbackPast",
       "nor is one gone back past that stands between",
       [](Inputs& w) {
         api::Revision between{
             .hash = TemplateHash("v1b"), .number = 7, .verdict = api::RevisionVerdict::Superseded};
         between.no_rollback_past = true;
         w.guard.revisions.insert(w.guard.revisions.begin() + 1, between);
       },
       {{.reason = Reason::NoRollbackPast,
         .mentions = {"revision 7", "revision 1", "lastgood.dev/no-rollback-past"}}}},
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
       {{.reason = Reason::Unconfirmed, .mentions = not_lately}}},
      {"Unconfirmed",
       "so may what gives no answer now",
       [](Inputs& w) { w.guard.checks[1].result = api::MeasurementResult::Unknown; },
       {{.reason = Reason::Unconfirmed, .mentions = not_lately}}},
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
       {{.reason = Reason::AlreadyFailing,
         .mentions = {"health", "revision 1 (web-v1)", "503 instead of 200-399",
                      "as the test says"}}}},
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
       {{.reason = Reason::SharedCause,
         .mentions = {"health", "revision 1 (web-v1)", "2026-11-24T12:00:30Z",
                      "503 instead of 200-399", "as the test says"}}}},
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
