#include "run/guarding.hpp"

namespace lastgood::run {

decide::Guarding to_guarding(const policy::OptIn& opt_in, policy::Governance governance) {
  using From = policy::Governance::Kind;
  using To = decide::Guarding::Kind;
  decide::Guarding guarding;
  switch (governance.kind) {
    case From::None: guarding.kind = To::None; break;
    case From::Broken: guarding.kind = To::Broken; break;
    case From::Policy:
    case From::ConfigMap:
    case From::BuiltIn: guarding.kind = To::Governed; break;
  }
  guarding.policy = std::move(governance.name);
  guarding.spec = std::move(governance.spec);
  guarding.reason = std::move(governance.reason);
  guarding.message = std::move(governance.message);
  guarding.pause_until = opt_in.pause_until;
  return guarding;
}

}  // namespace lastgood::run
