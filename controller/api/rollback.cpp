#include "api/rollback.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<RollbackPhase> phases[] = {
    {RollbackPhase::Pending, "Pending"},
    {RollbackPhase::TemplateRestored, "TemplateRestored"},
    {RollbackPhase::Restored, "Restored"},
    {RollbackPhase::Verifying, "Verifying"},
    {RollbackPhase::Succeeded, "Succeeded"},
    {RollbackPhase::Failed, "Failed"},
    {RollbackPhase::Superseded, "Superseded"},
    {RollbackPhase::Observed, "Observed"},
    {RollbackPhase::Rejected, "Rejected"},
};

}  // namespace

const char* to_string(RollbackPhase phase) { return spelling_of(phases, phase); }
std::optional<RollbackPhase> parse_phase(std::string_view text) {
  return parse_spelling(phases, text);
}

bool finished(RollbackPhase phase) {
  switch (phase) {
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: return false;
    case RollbackPhase::Succeeded:
    case RollbackPhase::Failed:
    case RollbackPhase::Superseded:
    case RollbackPhase::Observed:
    case RollbackPhase::Rejected: break;
  }
  return true;
}

bool is_manual(const RollbackSpec& spec) { return spec.check.empty() && spec.caused_by.empty(); }
bool is_bound(const RollbackSpec& spec) { return spec.generation != 0; }

}  // namespace lastgood::api
