// Two or three candidates compete for one Lease over a network that delays and loses messages.
// There are never two leaders at once, and there is one leader after the network works again.
//
//   candidate ---- request: `request_delay` ms ---> server
//   candidate <-- response: `response_delay` ms --- server
//
// A candidate stops waiting when its call times out. The request may still arrive later, and the
// server then performs it.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "kube/lease_machine.hpp"
#include "lease_harness.hpp"
#include "support.hpp"

namespace lastgood::kube::test {

// The delays and the fault of one call.
struct CallFault {
  enum Kind : std::uint8_t {
    None,
    RequestLost,
    ResponseLost,
    ConnectionRefused,
    ProcessFrozen,    // the process does not run for 30 s after the call
    ProcessReleases,  // the process gives up the Lease instead of waiting for the response
  };

  int request_delay = 1;   // ms
  int response_delay = 1;  // ms
  Kind kind = None;
};

std::ostream& operator<<(std::ostream& out, const CallFault& fault) {
  return out << "{" << fault.request_delay << "," << fault.response_delay << "," << int(fault.kind)
             << "}";
}

class LeaseElection {
 public:
  // The faults apply to the calls of all candidates, in the order in which they are sent.
  LeaseElection(std::size_t candidates, std::vector<CallFault> faults)
      : faults_(faults.begin(), faults.end()) {
    for (std::size_t i = 0; i < candidates; ++i) {
      candidates_.push_back(new_process(static_cast<int>(i)));
      const auto start_ms = static_cast<std::int64_t>(i) * 3;
      schedule(start_ms, [this, i] { step(i, LeaseTick{}); });
    }
  }

  // Runs until `end`, in ms. Returns false as soon as there are two leaders.
  bool run_until(std::int64_t end) {
    while (!events_.empty() && events_.begin()->first <= end) {
      now_ = events_.begin()->first;
      auto event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      event();
      if (leader_count() > 1) return false;
    }
    now_ = end;
    return leader_count() <= 1;
  }

  [[nodiscard]] int leader_count() const {
    return static_cast<int>(
        std::ranges::count_if(candidates_, [&](const CandidateProcess& process) {
          return process.machine.is_leader(local_time(process));
        }));
  }
  [[nodiscard]] std::int64_t now() const { return now_; }
  [[nodiscard]] bool has_faults_left() const { return !faults_.empty(); }

 private:
  struct CandidateProcess {
    LeaseMachine machine;
    int steps = 0;  // deliver() drops an input that was scheduled before the last step
    // In ms. The monotonic clocks of two processes have different origins.
    std::int64_t clock_offset = 0;
  };

  static CandidateProcess new_process(int number) {
    const std::string identity = "candidate-" + std::to_string(number);
    return {.machine = LeaseMachine::create(
                           {.lease = {"lastgood-system", "lastgood"}, .identity = identity})
                           .value(),
            .clock_offset = number * 1'234'567};
  }

  [[nodiscard]] MonotonicTime local_time(const CandidateProcess& process) const {
    return at(now_ + process.clock_offset);
  }

  void schedule(std::int64_t delay, std::function<void()> event) {
    events_.emplace(now_ + delay, std::move(event));
  }

  void step(std::size_t i, LeaseInput input) {
    CandidateProcess& process = candidates_[i];
    const Time wall{Duration(now_ * 7)};  // a wall clock that is 7 times too fast must not matter
    const LeaseAction action = process.machine.step(std::move(input), local_time(process), wall);
    const int steps = ++process.steps;
    if (std::holds_alternative<LeaseDone>(action)) return restart(i);
    if (const auto* wait = std::get_if<LeaseWait>(&action)) {
      const auto delay = std::max<std::int64_t>((wait->until - local_time(process)).count(), 0);
      schedule(delay, [this, i, steps] { deliver(i, steps, LeaseTick{}); });
      return;
    }
    send(i, steps, std::get<LeaseCall>(action));
  }

  void restart(std::size_t i) {
    candidates_[i].machine = new_process(static_cast<int>(i)).machine;
    const int steps = candidates_[i].steps;
    constexpr std::int64_t restart_ms = 500;
    schedule(restart_ms, [this, i, steps] { deliver(i, steps, LeaseTick{}); });
  }

  void deliver(std::size_t i, int steps, LeaseInput input) {
    if (candidates_[i].steps == steps) step(i, std::move(input));
  }

  CallFault next_fault() {
    if (faults_.empty()) return {};
    const CallFault fault = faults_.front();
    faults_.pop_front();
    return fault;
  }

  void send(std::size_t i, int steps, const LeaseCall& sent) {
    const CallFault fault = next_fault();
    const api::ApiCall call = sent.call;
    const auto timeout = sent.timeout.count();
    const auto respond = [this, i, steps](Result<std::string> body) {
      deliver(i, steps, LeaseResponse{std::move(body)});
    };
    if (fault.kind == CallFault::ConnectionRefused) {
      return schedule(fault.response_delay,
                      [respond] { respond(std::unexpected(error(ErrorKind::ConnectionRefused))); });
    }
    if (fault.kind == CallFault::ProcessReleases) {
      schedule(fault.response_delay, [this, i, steps] { deliver(i, steps, LeaseRelease{}); });
    }
    // A frozen process sees the response, or the timeout, only when it runs again.
    const std::int64_t frozen = fault.kind == CallFault::ProcessFrozen ? 30'000 : 0;
    schedule(timeout + frozen, [respond] { respond(std::unexpected(error(ErrorKind::TimedOut))); });
    if (fault.kind == CallFault::RequestLost) return;
    schedule(fault.request_delay, [this, fault, call, timeout, frozen, respond] {
      const Result<std::string> body = server_.handle(call);
      const bool in_time = fault.request_delay + fault.response_delay < timeout;
      if (fault.kind != CallFault::ResponseLost && in_time)
        schedule(fault.response_delay + frozen, [respond, body] { respond(body); });
    });
  }

  FakeLeaseServer server_;
  std::vector<CandidateProcess> candidates_;
  std::deque<CallFault> faults_;
  std::multimap<std::int64_t, std::function<void()>> events_;
  std::int64_t now_ = 0;  // ms after the beginning of the test
};

struct ElectionResult {
  bool never_two_leaders = false;
  bool one_leader_at_end = false;
};

// Runs until all faults have happened, and 50 s longer.
ElectionResult run_election(std::size_t candidates, std::vector<CallFault> faults) {
  LeaseElection election(candidates, std::move(faults));
  bool never_two = true;
  while (never_two && election.has_faults_left())
    never_two = election.run_until(election.now() + 1'000);
  never_two = never_two && election.run_until(election.now() + 50'000);
  return {.never_two_leaders = never_two, .one_leader_at_end = election.leader_count() == 1};
}

}  // namespace lastgood::kube::test

template <>
struct rc::Arbitrary<lastgood::kube::test::CallFault> {
  static Gen<lastgood::kube::test::CallFault> arbitrary() {
    using lastgood::kube::test::CallFault;
    const auto delay = gen::weightedOneOf<int>(
        {{4, gen::inRange(0, 50)}, {2, gen::inRange(0, 4'000)}, {1, gen::inRange(0, 40'000)}});
    const auto kind = gen::weightedElement<CallFault::Kind>({{8, CallFault::None},
                                                             {2, CallFault::RequestLost},
                                                             {2, CallFault::ResponseLost},
                                                             {2, CallFault::ConnectionRefused},
                                                             {1, CallFault::ProcessFrozen},
                                                             {1, CallFault::ProcessReleases}});
    return gen::build<CallFault>(gen::set(&CallFault::request_delay, delay),
                                 gen::set(&CallFault::response_delay, delay),
                                 gen::set(&CallFault::kind, kind));
  }
};

using namespace lastgood;
using namespace lastgood::kube::test;

TEST_CASE("elects one of two candidates when the network works") {
  const ElectionResult result = run_election(2, {});
  CHECK(result.never_two_leaders);
  CHECK(result.one_leader_at_end);
}

TEST_CASE("never has two leaders, and has one at the end, when one call has any fault") {
  const std::vector<std::pair<int, int>> delays{
      {1, 1}, {2'500, 1}, {20'000, 1}, {1, 2'500}, {1, 12'000}};
  for (std::size_t call = 0; call < 14; ++call) {
    for (const auto kind :
         {CallFault::None, CallFault::RequestLost, CallFault::ResponseLost,
          CallFault::ConnectionRefused, CallFault::ProcessFrozen, CallFault::ProcessReleases}) {
      for (const auto& [request_delay, response_delay] : delays) {
        std::vector<CallFault> faults(call + 1);
        faults.back() = {
            .request_delay = request_delay, .response_delay = response_delay, .kind = kind};
        CAPTURE(call, faults.back());
        const ElectionResult result = run_election(2, faults);
        CHECK(result.never_two_leaders);
        CHECK(result.one_leader_at_end);
      }
    }
  }
}

TEST_CASE("never has two leaders, and has one at the end, when calls have random faults") {
  CHECK(rc::check("never two leaders", [](const std::vector<CallFault>& faults) {
    const auto candidates = static_cast<std::size_t>(*rc::gen::inRange(2, 4));
    const ElectionResult result = run_election(candidates, faults);
    RC_ASSERT(result.never_two_leaders);
    RC_ASSERT(result.one_leader_at_end);
  }));
}
