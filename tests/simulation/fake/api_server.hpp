// A small API server in memory: objects as JSON, with versions, generations, patches and conflicts.
// The server answers at once; ApiClient adds time and faults. tests/conformance checks that this
// server and a real API server have the same behaviors.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "base/names.hpp"
#include "codec/objects.hpp"
#include "simulation/fake/route.hpp"
#include "simulation/fake/virtual_clock.hpp"
#include "simulation/fake/watch_cache.hpp"

namespace lastgood::simulation {

struct ApiResponse {
  int status = 200;
  codec::Json body;
  std::vector<std::string> warnings = {};  // the texts of the Warning headers
};

// One write that arrived at the server, accepted or not.
struct Write {
  std::string user;
  api::Verb verb = api::Verb::Get;
  Route route;
  std::string body;
  int status = 0;
  MonotonicTime at;
  std::string leader;  // holderIdentity of the Lease when the write arrived
  bool changed_template = false;
  bool is_late = false;  // Fault::LateExecution: the client has given up before
};

// Whether the client still waits for the response.
enum class Arrival : std::uint8_t { InTime, Late };

class ApiServer {
 public:
  using Objects = std::map<Key, codec::Json>;

  explicit ApiServer(VirtualClock& clock) : clock_(clock) {}

  ApiResponse handle(const std::string& user, const api::ApiCall& call,
                     Arrival arrival = Arrival::InTime);

  // How long a call with Fault::LateExecution waits in the server, for example for a webhook.
  Duration late_by = std::chrono::seconds(6);
  // Returns the texts of the Warning headers in the response to an accepted write of this object.
  std::function<std::vector<std::string>(const std::string& plural, const codec::Json& object)>
      warnings_of;
  // Called first for each call, for example to respond like an aggregated API server. If it returns
  // nothing, this server handles the call.
  std::function<std::optional<ApiResponse>(const api::ApiCall& call)> forward;
  // Called after each write, accepted or not.
  std::function<void(const Write& write)> on_write;
  // Called after each change of an object, by calls and by the cluster's own controllers.
  std::function<void(const std::string& plural, const codec::Json& object)> on_change;

  [[nodiscard]] const std::vector<Write>& writes() const { return writes_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  WatchCache& watches() { return watches_; }

  // Null if the object does not exist.
  [[nodiscard]] const codec::Json* find(const std::string& plural, const Key& key) const;
  // The pointers are valid until the next change of the kind.
  [[nodiscard]] std::vector<const codec::Json*> all(const std::string& plural,
                                                    const std::string& namespace_ = "") const;

  // Direct changes, for the cluster's own controllers and for tests: they check no resourceVersion,
  // increase no generation and write no managedFields.
  void create(const std::string& plural, codec::Json object);
  void change(const std::string& plural, const Key& key,
              const std::function<void(codec::Json&)>& edit);
  void remove(const std::string& plural, const Key& key);

  // All objects at one moment, as in a backup of etcd.
  struct Backup {
    std::uint64_t version = 0;
    std::map<std::string, Objects> objects;
  };
  [[nodiscard]] Backup backup() const { return {.version = version_, .objects = objects_}; }
  // The objects and the version become those of the backup: the version may go backwards. The
  // connections of all watches close.
  void restore(const Backup& backup);

 private:
  ApiResponse get(const Route& route);
  ApiResponse list(const Route& route);
  ApiResponse post(const Route& route, const std::string& body);
  ApiResponse put(const Route& route, const std::string& body);
  ApiResponse patch(const Route& route, const api::ApiCall& call);
  ApiResponse delete_object(const Route& route, const std::string& body);
  ApiResponse replace(const Route& route, const codec::Json& before, codec::Json after);
  void commit(const std::string& type, const std::string& plural, codec::Json object);
  void set_server_fields(const std::string& plural, codec::Json& object);
  [[nodiscard]] Write record(const std::string& user, const api::ApiCall& call,
                             const Route& route) const;
  [[nodiscard]] codec::Json template_of(const Route& route) const;

  VirtualClock& clock_;
  std::uint64_t version_ = 1000;
  std::uint64_t uids_ = 0;
  std::map<std::string, Objects> objects_;
  WatchCache watches_;
  std::vector<Write> writes_;
};

[[nodiscard]] Labels labels_of(const codec::Json& object);

// A response with a metav1.Status, as the API server sends it.
[[nodiscard]] ApiResponse error_response(int code, const std::string& reason,
                                         const std::string& message);

}  // namespace lastgood::simulation
