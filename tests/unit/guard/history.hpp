// Random histories of one Deployment for the properties: what happens, how often, and one look at a
// time with what was decided.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <ostream>
#include <vector>

#include "harness.hpp"

namespace lastgood::guard::test {

// One plan, and the harness before and after it was carried out.
struct Look {
  const Inputs& inputs;
  const Plan& plan;
  const DeploymentHarness& before;
  const DeploymentHarness& after;

  // What begins now without being asked for by a person; null: nothing does.
  [[nodiscard]] const api::Rollback* begins() const;
  // The Rollback whose patch changed the template in this look; null: it was not changed.
  [[nodiscard]] const api::Rollback* touches() const;
  // That one, when it was not asked for by a person.
  [[nodiscard]] const api::Rollback* touches_by_itself() const;
};
using Property = std::function<void(const Look&)>;

// A harness of which every look is shown to the property.
class Watched {
 public:
  Watched(DeploymentHarness harness, Property property);

  void look(std::vector<api::Measurement> measurements = {});
  void watch(int looks, const std::vector<api::Measurement>& measurements);  // 10 s apart

  DeploymentHarness harness;

 private:
  Property property_;
};

struct Happening {
  int kind = 0;
  int which = 0;  // of five
};
void showValue(const Happening& happening, std::ostream& out);
using History = std::vector<Happening>;

// What may happen besides releases, rollouts, answers of checks, restarts and the passing of time.
enum class Also : std::uint8_t {
  Restraints,    // suspended, paused, left alone, scaled to zero, opted out, and back
  Modes,         // Observe, Approve, Enforce, approvals
  Fleet,         // the breaker
  Preflight,     // missing, refused, ready
  RequestIndex,  // by hand, forced, drills
  Machines,      // templates come by a machine's hand
  Resumes,       // freezes are ended
  Baselines,     // checks fail for the other revision too
  Losses,  // records cannot be written, the process ends between two writes, the state is from
           // earlier
  Groups,  // another member appears, breaches, calls, is called off, cannot, changes its place,
           // leaves
  Checks,  // the policy asks other checks
};

// Six a turn; rapidcheck takes a hundred turns.
[[nodiscard]] rc::Gen<std::vector<History>> histories(std::vector<Also> also);

// v3 is marked no-rollback-past, v1 runs and is good; everything that happens is looked at.
void live(const History& history, const Property& property,
          const std::function<void(DeploymentHarness&)>& given = {});

}  // namespace lastgood::guard::test
