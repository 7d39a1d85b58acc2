#include "api/rollback.hpp"

#include "api/enums.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<RollbackPhase> phases[] = {
    {RollbackPhase::Pending, "Pending"},       {RollbackPhase::TemplateRestored, "TemplateRestored"},
    {RollbackPhase::Restored, "Restored"},     {RollbackPhase::Verifying, "Verifying"},
    {RollbackPhase::Succeeded, "Succeeded"},   {RollbackPhase::Failed, "Failed"},
    {RollbackPhase::Superseded, "Superseded"},
};

}  // namespace

const char* to_string(RollbackPhase phase) { return spell(phases, phase); }
std::optional<RollbackPhase> parse_phase(std::string_view text) { return unspell(phases, text); }

bool finished(RollbackPhase phase) {
  return phase == RollbackPhase::Succeeded || phase == RollbackPhase::Failed || phase == RollbackPhase::Superseded;
}

}  // namespace lastgood::api
