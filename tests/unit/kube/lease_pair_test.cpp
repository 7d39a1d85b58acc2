// Several candidates, one Lease, and a network that delays, loses and repeats nothing it should: never two leaders at once.
//
//   candidate --- request: `there` ms --->  server  --- answer: `back` ms --->  candidate
//
// A candidate stops waiting after the timeout of its call; the request may still arrive, and be performed, long after.
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "kube/lease_machine.hpp"
#include "lease_world.hpp"
#include "support.hpp"

namespace lastgood::machines {

using namespace lastgood::kube;

// What becomes of one call.
struct Fate {
  int there = 1;
  int back = 1;
  enum Kind : std::uint8_t { Carried, RequestLost, AnswerLost, Refused, Frozen, Released } kind = Carried;
};

std::ostream& operator<<(std::ostream& out, const Fate& fate) {
  return out << "{" << fate.there << "," << fate.back << "," << int(fate.kind) << "}";
}

class World {
 public:
  World(std::size_t candidates, std::vector<Fate> fates) : fates_(fates.begin(), fates.end()) {
    for (std::size_t i = 0; i < candidates; ++i) {
      processes_.push_back(make(static_cast<int>(i)));
      later(static_cast<std::int64_t>(i) * 3, [this, i] { step(i, LeaseTick{}); });
    }
  }

  // False as soon as two lead at once.
  bool run_until(std::int64_t end) {
    while (!agenda_.empty() && agenda_.begin()->first <= end) {
      now_ = agenda_.begin()->first;
      auto what = std::move(agenda_.begin()->second);
      agenda_.erase(agenda_.begin());
      what();
      if (leaders() > 1) return false;
    }
    now_ = end;
    return leaders() <= 1;
  }

  [[nodiscard]] int leaders() const {
    return static_cast<int>(
        std::ranges::count_if(processes_, [&](const Process& one) { return one.machine.is_leader(local(one)); }));
  }
  [[nodiscard]] std::int64_t now() const { return now_; }
  [[nodiscard]] bool fates_left() const { return !fates_.empty(); }

 private:
  struct Process {
    LeaseMachine machine;
    int life = 0;            // answers to an earlier life reach nobody
    std::int64_t ahead = 0;  // of its steady clock, which has an origin of its own
  };

  static Process make(int number) {
    const std::string identity = "candidate-" + std::to_string(number);
    return {.machine = LeaseMachine::create({.lease = {"lastgood-system", "lastgood"}, .identity = identity}).value(),
            .ahead = number * 1'234'567};
  }

  [[nodiscard]] Steady local(const Process& process) const { return at(now_ + process.ahead); }

  void later(std::int64_t delay, std::function<void()> what) { agenda_.emplace(now_ + delay, std::move(what)); }

  void step(std::size_t i, LeaseInput input) {
    Process& process = processes_[i];
    const LeaseAction action = process.machine.step(std::move(input), local(process), Time(Duration(now_ * 7)));
    const int life = ++process.life;
    if (std::holds_alternative<LeaseDone>(action)) return restart(i);
    if (const auto* wait = std::get_if<LeaseWait>(&action)) {
      const auto delay = std::max<std::int64_t>((wait->until - local(process)).count(), 0);
      later(delay, [this, i, life] { reach(i, life, LeaseTick{}); });
      return;
    }
    send(i, life, std::get<LeaseCall>(action));
  }

  void restart(std::size_t i) {
    processes_[i].machine = make(static_cast<int>(i)).machine;
    const int life = processes_[i].life;
    later(500, [this, i, life] { reach(i, life, LeaseTick{}); });
  }

  void reach(std::size_t i, int life, LeaseInput input) {
    if (processes_[i].life == life) step(i, std::move(input));
  }

  Fate next_fate() {
    if (fates_.empty()) return {};
    const Fate fate = fates_.front();
    fates_.pop_front();
    return fate;
  }

  void send(std::size_t i, int life, const LeaseCall& due) {
    const Fate fate = next_fate();
    const api::ApiCall call = due.call;
    const auto timeout = due.timeout.count();
    const auto answer = [this, i, life](Result<std::string> body) { reach(i, life, LeaseAnswer{std::move(body)}); };
    if (fate.kind == Fate::Refused) {
      return later(fate.back, [answer] { answer(std::unexpected(error(ErrorKind::Refused))); });
    }
    if (fate.kind == Fate::Released) later(fate.back, [this, i, life] { reach(i, life, LeaseRelease{}); });
    // A frozen process finds the answer, or the timeout, only when it wakes.
    const std::int64_t frozen = fate.kind == Fate::Frozen ? 30'000 : 0;
    later(timeout + frozen, [answer] { answer(std::unexpected(error(ErrorKind::TimedOut))); });
    if (fate.kind == Fate::RequestLost) return;
    later(fate.there, [this, fate, call, timeout, frozen, answer] {
      const Result<std::string> body = server_.handle(call);
      const bool in_time = fate.there + fate.back < timeout;
      if (fate.kind != Fate::AnswerLost && in_time) later(fate.back + frozen, [answer, body] { answer(body); });
    });
  }

  LeaseServer server_;
  std::vector<Process> processes_;
  std::deque<Fate> fates_;
  std::multimap<std::int64_t, std::function<void()>> agenda_;
  std::int64_t now_ = 0;
};

// Runs until the network is good again and then some; tells whether there was never more and is now exactly one leader.
struct Outcome {
  bool never_two = false;
  bool one_at_last = false;
};
Outcome play(std::size_t candidates, std::vector<Fate> fates) {
  World world(candidates, std::move(fates));
  bool never_two = true;
  while (never_two && world.fates_left()) never_two = world.run_until(world.now() + 1'000);
  never_two = never_two && world.run_until(world.now() + 50'000);
  return {.never_two = never_two, .one_at_last = world.leaders() == 1};
}

}  // namespace lastgood::machines

template <>
struct rc::Arbitrary<lastgood::machines::Fate> {
  static Gen<lastgood::machines::Fate> arbitrary() {
    using lastgood::machines::Fate;
    const auto delay =
        gen::weightedOneOf<int>({{4, gen::inRange(0, 50)}, {2, gen::inRange(0, 4'000)}, {1, gen::inRange(0, 40'000)}});
    const auto kind = gen::weightedElement<Fate::Kind>({{8, Fate::Carried},
                                                        {2, Fate::RequestLost},
                                                        {2, Fate::AnswerLost},
                                                        {2, Fate::Refused},
                                                        {1, Fate::Frozen},
                                                        {1, Fate::Released}});
    return gen::build<Fate>(gen::set(&Fate::there, delay), gen::set(&Fate::back, delay), gen::set(&Fate::kind, kind));
  }
};

using namespace lastgood;
using namespace lastgood::machines;

TEST_CASE("Of two candidates one leads, and the other never at the same time") {
  const Outcome outcome = play(2, {});
  CHECK(outcome.never_two);
  CHECK(outcome.one_at_last);
}

TEST_CASE("One call of any fate at any point of the election makes no second leader") {
  const std::vector<std::pair<int, int>> delays{{1, 1}, {2'500, 1}, {20'000, 1}, {1, 2'500}, {1, 12'000}};
  for (std::size_t place = 0; place < 14; ++place) {
    for (const auto kind : {Fate::Carried, Fate::RequestLost, Fate::AnswerLost, Fate::Refused, Fate::Frozen, Fate::Released}) {
      for (const auto& [there, back] : delays) {
        std::vector<Fate> fates(place + 1);
        fates.back() = {.there = there, .back = back, .kind = kind};
        CAPTURE(place, int(kind), there, back);
        const Outcome outcome = play(2, fates);
        CHECK(outcome.never_two);
        CHECK(outcome.one_at_last);
      }
    }
  }
}

TEST_CASE("However the network treats two or three candidates, never two lead, and in the end one does") {
  CHECK(rc::check("never two leaders", [](const std::vector<Fate>& fates) {
    const auto candidates = static_cast<std::size_t>(*rc::gen::inRange(2, 4));
    const Outcome outcome = play(candidates, fates);
    RC_ASSERT(outcome.never_two);
    RC_ASSERT(outcome.one_at_last);
  }));
}
