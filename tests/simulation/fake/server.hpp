// A small API server in memory: objects as JSON, versions, generations, patches, conflicts. What it answers is held against
// the real one by tests/conformance. Knows no controller; answers at once, without time or network (client.hpp adds those).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "base/names.hpp"
#include "simulation/fake/route.hpp"
#include "simulation/fake/virtual_clock.hpp"
#include "simulation/fake/watches.hpp"

namespace lastgood::simulation {

struct Answer {
  int status = 200;
  codec::Json body;
};

// One write as the server saw it, whether it was accepted or not.
struct Write {
  std::string user;
  api::Verb verb = api::Verb::Get;
  Route route;
  std::string body;
  int status = 0;
  Steady at;
  std::string leader;  // whom the Lease named when the write arrived
  bool changed_template = false;
};

class Server {
 public:
  explicit Server(VirtualClock& clock) : clock_(clock) {}

  Answer handle(const std::string& user, const api::ApiCall& call);

  // Before each call is handled, and after each write, in that order.
  std::function<void(const Write& write)> on_write;
  // After each change of an object, whoever made it.
  std::function<void(const std::string& plural, const codec::Json& object)> on_change;

  [[nodiscard]] const std::vector<Write>& writes() const { return writes_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  Watches& watches() { return watches_; }

  // For those who live inside of the cluster: no version to meet, no generation, no owner of fields.
  [[nodiscard]] const codec::Json* find(const std::string& plural, const Key& key) const;
  // Good until the next change of the kind.
  [[nodiscard]] std::vector<const codec::Json*> all(const std::string& plural, const std::string& namespace_ = "") const;
  void create(const std::string& plural, codec::Json object);
  void change(const std::string& plural, const Key& key, const std::function<void(codec::Json&)>& how);
  void remove(const std::string& plural, const Key& key);

 private:
  using Objects = std::map<Key, codec::Json>;

  Answer get(const Route& route);
  Answer list(const Route& route);
  Answer post(const Route& route, const std::string& body);
  Answer put(const Route& route, const std::string& body);
  Answer patch(const Route& route, const api::ApiCall& call);
  Answer erase(const Route& route, const std::string& body);
  Answer replace(const Route& route, const codec::Json& before, codec::Json after);
  void commit(const std::string& type, const std::string& plural, codec::Json object);
  void admit(const std::string& plural, codec::Json& object);
  [[nodiscard]] Write record(const std::string& user, const api::ApiCall& call, const Route& route) const;
  [[nodiscard]] codec::Json template_of(const Route& route) const;

  VirtualClock& clock_;
  std::uint64_t version_ = 1000;
  std::uint64_t uids_ = 0;
  std::map<std::string, Objects> objects_;
  Watches watches_;
  std::vector<Write> writes_;
};

// A metav1.Status as the API server sends it.
[[nodiscard]] Answer refusal(int code, const std::string& reason, const std::string& message);

}  // namespace lastgood::simulation
