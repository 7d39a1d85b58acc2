// The Lease of the leader election, as the API server returns it, and the Lease of a node.
// Each line is the response to one call. A line "!409" is an error.
#include <charconv>
#include <variant>

#include "checks/silence.hpp"
#include "codec/errors.hpp"
#include "fuzz.hpp"
#include "kube/lease_machine.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::kube;

namespace {

constexpr Time wall{std::chrono::seconds(1795907975)};
constexpr Duration max_wait = std::chrono::minutes(5);

Result<std::string> response_of(std::string_view line) {
  if (!line.starts_with('!')) return std::string(line);
  int status = 0;
  std::from_chars(line.data() + 1, line.data() + line.size(), status);
  return std::unexpected(codec::status_error(status, ""));
}

class Candidate {
 public:
  void run(std::string_view text) {
    take(machine_.step(LeaseTick{}, now_, wall));
    for (const std::string_view line : lines_of(text)) {
      wait();
      if (!std::holds_alternative<LeaseCall>(action_)) break;
      const bool was_write = std::get<LeaseCall>(action_).call.verb != api::Verb::Get;
      const bool was_leader = machine_.is_leader(now_);
      take(machine_.step(LeaseResponse{response_of(line)}, now_, wall));
      // The response to a read makes nobody the leader, and neither does an error.
      if (!was_leader && machine_.is_leader(now_)) {
        require(was_write && !line.starts_with('!'), "only an acknowledged write gives the Lease");
        require(machine_.holder() == "me", "the leader is the holder of the Lease");
      }
      now_ += Duration{5};
    }
    release();
  }

 private:
  void take(LeaseAction action) {
    action_ = std::move(action);
    if (const auto* call = std::get_if<LeaseCall>(&action_))
      require(call->timeout > Duration::zero(), "a call has a timeout");
    if (machine_.problem()) require_message(machine_.problem()->message, 2048);
  }

  void wait() {
    const auto* wait = std::get_if<LeaseWait>(&action_);
    if (wait == nullptr) return;
    require(wait->until <= now_ + max_wait, "a wait has a limit");
    now_ = std::max(now_, wait->until);
    take(machine_.step(LeaseTick{}, now_, wall));
  }

  void release() {
    take(machine_.step(LeaseRelease{}, now_, wall));
    require(!machine_.is_leader(now_), "a candidate that stops does not lead");
    for (int calls = 0; !std::holds_alternative<LeaseDone>(action_); ++calls) {
      require(calls < 20, "a release ends");
      now_ += Duration{100};
      take(machine_.step(LeaseResponse{response_of("!500")}, now_, wall));
    }
  }

  LeaseMachine machine_ =
      LeaseMachine::create(
          {.lease = {.namespace_ = "lastgood", .name = "lastgood"}, .identity = "me"})
          .value();
  MonotonicTime now_{};
  LeaseAction action_ = LeaseDone{};
};

void read_node_lease(std::string_view text) {
  const auto object = codec::parse_json(text);
  if (!object) return;
  const auto lease = checks::parse_node_lease(*object);
  if (!lease) return require_message(lease.error().message, 1024);
  require(lease->duration > Duration::zero() && lease->duration <= std::chrono::hours(1),
          "the duration of a Lease has limits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  Candidate().run(text);
  read_node_lease(text.substr(0, text.find('\n')));
  return 0;
}
