// A cluster in memory with people, time and any number of controllers in it: real shell::Managers, each a process of its own
// that can be killed between any two instructions that wait. What the controllers promised is checked at each of their writes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "guard/breaker.hpp"
#include "simulation/fake/client.hpp"
#include "simulation/fake/cluster.hpp"
#include "simulation/promises.hpp"

namespace lastgood::simulation {

class Process;

struct Lease {  // in place of 15 s, 10 s and 2 s, where a day is to pass quickly
  Duration duration{15'000};
  Duration renew_deadline{10'000};
  Duration retry_period{2'000};
};

class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // What people do.
  void write_policy(const std::string& name, codec::Json spec);
  void deploy(const std::string& name, const std::string& image, codec::Json annotations, int replicas = 4);
  void ship(const std::string& name, const std::string& image);
  void merge(const std::string& plural, const std::string& name, const codec::Json& patch);  // a merge patch
  void remove_deployment(const std::string& name);
  Answer person(const api::ApiCall& call);

  // What happens to controllers.
  void start(const std::string& who, Lease lease = {});
  void kill(const std::string& who);  // no orderly stop, no more instruction
  void stop(const std::string& who);  // SIGTERM
  [[nodiscard]] bool runs(const std::string& who) const;
  void kill_at_write(int number);                   // whoever makes it, counted over all controllers, Leases not counted
  guard::BreakerSettings breaker{.rollbacks = 0};  // of the controllers that are started from now on; off
  std::function<void()> at_each_write;              // of a controller, Leases not counted; after the server did it

  void run_for(Duration time);
  // False: it did not become so in time.
  bool run_until(const std::function<bool()>& is_so, Duration limit);

  // What is there to be seen.
  [[nodiscard]] std::string image(const std::string& name) const;
  [[nodiscard]] bool rolled_out(const std::string& name) const;
  [[nodiscard]] std::string state(const std::string& name) const;  // "Idle/Good"
  [[nodiscard]] bool is_in(const std::string& name, const std::string& state) const {
    return this->state(name).starts_with(state);
  }
  [[nodiscard]] codec::Json owners_of_template(const std::string& name) const;  // by manager
  [[nodiscard]] std::vector<std::string> rollbacks() const;                   // "web-2-1a2b: Succeeded"
  [[nodiscard]] std::vector<std::string> events() const;                      // reasons, in order of time
  [[nodiscard]] std::vector<Write> controllers_writes() const;                // Leases left out
  [[nodiscard]] int template_changes() const;                                 // by controllers
  [[nodiscard]] const std::vector<std::string>& broken_promises() const { return promises_.broken(); }

  VirtualClock clock;
  Server server{clock};
  Cluster cluster{server, clock};
  Script script;

 private:
  bool turn();
  void on_write(const Write& write);

  Promises promises_{server};
  std::map<std::string, std::unique_ptr<Process>> processes_;
  std::string last_turn_;
  std::string doomed_;
  int writes_ = 0;
  int kill_at_ = 0;
};

// The built-in names of the tests' own Deployment and policy.
inline constexpr const char* shop = "shop";
[[nodiscard]] codec::Json quick_policy();  // bakes for 20 s, asks /health each 4 s, 3 failures, verifies for 8 s

}  // namespace lastgood::simulation
