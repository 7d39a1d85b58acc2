// What a controller promised never to do, held against each of its writes at the moment the server has done it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/fake/server.hpp"

namespace lastgood::simulation {

class Promises {
 public:
  explicit Promises(const Server& server) : server_(server) {}

  void add_controller(const std::string& who) { controllers_.insert(who); }
  [[nodiscard]] bool is_controller(const std::string& who) const { return controllers_.contains(who); }

  void check(const Write& write);
  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }

 private:
  void check_deployment(const Write& write);
  void check_template(const Write& write, const codec::Json& deployment);
  void check_tried(const Write& write);
  void broke(const Write& write, const std::string& what);

  struct Tried {
    std::string user;
    codec::Json patch;
    Steady at;
  };

  const Server& server_;
  std::set<std::string> controllers_;
  std::map<std::string, std::int64_t> chosen_;  // by uid: the generation of the newest template that a person chose
  std::map<std::string, int> restored_;         // by Rollback: how often it changed a template
  std::map<Key, std::vector<Tried>> tried_;     // by Deployment: the dry runs that were admitted
  std::vector<std::string> broken_;
};

}  // namespace lastgood::simulation
