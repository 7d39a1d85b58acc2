// What the rules of one plan share while it is made. Private to decide/.
#pragma once

#include <span>
#include <string>

#include "guard/gates/gate.hpp"
#include "guard/inputs.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

struct Step {
  const Inputs& inputs;
  Time now;
  Plan out = {};

  [[nodiscard]] api::GuardStatus& guard() { return out.guard; }
  [[nodiscard]] const api::Deployment& deployment() const { return inputs.deployment; }

  void emit(EventType type, Reason reason, EventAction action, std::string note);

  // Enters a state, or gives the present one another reason. Counts the time from the change of
  // state, not of words. A freeze is there as long as the state is Frozen.
  void enter(api::State state, Reason reason, std::string message);

  void requeue_at(Time when);

  // The measurements of this plan. None when the revision that they were taken of is not the one
  // that is judged any more.
  [[nodiscard]] std::span<const api::Measurement> measurements() const;
};

// The remembered revision of that hash; null when it is not remembered.
[[nodiscard]] api::Revision* find_revision(api::GuardStatus& guard, const TemplateHash& hash);

// Keeps the list to what the kind has room for. The current one and the two proven ones that are
// kept for going back to them are never forgotten; of the others those that are not proven before
// those that are.
void forget_oldest(api::GuardStatus& guard);

// Sets the verdict on the remembered revision and, when it is the current one, there too. What was
// proven in an earlier watch is not lost by a watch that came to nothing (Superseded,
// Inconclusive).
void set_verdict(api::GuardStatus& guard, const TemplateHash& hash, api::RevisionVerdict verdict,
                 Time now);

// Makes the state that of the moment in which the Rollback was written, so that it can be gone on
// with (restoring.cpp).
void adopt_rollback(Step& step, const api::Rollback& rollback);

// The template of that Rollback is off the Deployment: it was rolled back, which is emitted once
// (restoring.cpp).
void quarantine(Step& step, const api::Rollback& rollback);

// Rules on what the present template is (release.cpp). False: its ReplicaSet is not there yet, so
// nothing can be judged.
[[nodiscard]] bool recognise_template(Step& step);

// The template of what is proven and runs, unless it is kept already (idle.cpp).
void snapshot_current(Step& step);

// One step in each pair of states (idle.cpp, watching.cpp, restoring.cpp).
void step_idle(Step& step);
void step_evaluating(Step& step);  // and Held
void step_rolling_back(Step& step);
void step_verifying(Step& step);

// A freeze that a person has ended (frozen.cpp). True: the present template is judged anew.
bool end_freeze(Step& step);

// Held, with an Event when that is news (pending.cpp). What it is about is "revision 5
// (web-6d4b75cb6d)".
void hold_back(Step& step, const Hold& hold, const std::string& what);

// Frozen, with an Event that says what a person is to do (frozen.cpp). Its reason is that of the
// freeze, but where one is given.
void freeze(Step& step, Reason reason, const std::string& message, const std::string& what_to_do,
            Reason event = Reason::None);

// A template that was rolled back is there again (contest.cpp).
struct Contest {
  std::string by;  // the machine; empty: a person has brought it back
  bool is_over_limit = false;
  std::string words;
};
Contest count_contest(Step& step);
void freeze_contested(Step& step, const Contest& contest);

// What a person asked for by a Rollback of their own (request.cpp).
void take_request(Step& step);

// A drill that the policy wants now (drill.cpp).
void plan_drill(Step& step);

// Another member of its group calls it back (group.cpp). True: this step is about that.
bool follow_group(Step& step);

// Why this Deployment could not be put back now, should its group be called; empty when it could
// (watching.cpp).
[[nodiscard]] std::string why_it_cannot(Step& step);

}  // namespace lastgood::guard
