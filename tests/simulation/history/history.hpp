// Plays the events of a history for one Deployment, with a leader and a standby. A history knows
// which images are defective, so it knows whether a rollback helps:
// - A rollback replaces a defective image by a working one.
// - A defective release is rolled back if the Deployment was healthy before it.
//
// A rollback that does not help is allowed in an outage that nobody can tell from a bad release. In
// an outage, a dependency of every image fails. Nobody can tell it from a bad release if:
// - the outage begins when no working pod of an older revision can be reached, or when the last of
//   these pods end
// - the policy is edited in the outage, when these pods are gone: the edit discards the results of
//   the old check
// - the controller or its calls fail in the outage, so that it cannot probe these pods
//
// A rollback to a defective image is allowed if the revision is only presumed good: Lastgood first
// saw the Deployment when it ran this image.
//
// A defective release may remain if it has only one pod and this pod never responds. If no other
// pod on its node has responded, the network between the controller and the node may be blocked.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/history/disturbances.hpp"
#include "simulation/history/event.hpp"
#include "simulation/simulation.hpp"

namespace lastgood::simulation {

struct HistoryResult {
  // Each begins with its kind and a colon, for example "harmful rollback: app:v2 -> app:v1".
  std::vector<std::string> failures = {};
  std::vector<std::string> trace = {};  // what happened, one line each, with the virtual time
  std::uint64_t steps = 0;
  Duration virtual_time{0};
  int rollbacks = 0;            // changes of the template by controllers
  int races = 0;                // actions of users between a record and its patch
  bool must_roll_back = false;  // the last release was defective, and the Deployment healthy
};

class History : public Simulation {
 public:
  explicit History(std::uint32_t seed);

  // Plays the events, then a calm time, then a defective release. To be called once.
  HistoryResult play(const std::vector<HistoryEvent>& events);

 private:
  void begin();
  void happen(const HistoryEvent& event);
  void happen_in_world(const HistoryEvent& event);
  void happen_to_controller(const HistoryEvent& event);
  void happen_to_api_server(const HistoryEvent& event);
  void act(UserAction action);
  void calm_down();
  void end();

  void release(Defect defect, Duration startup);
  void set_outage(bool on);
  void set_path(bool wrong);
  void recreate(Duration pause);
  void supervise();
  void set_newer_value(const HistoryEvent& event);
  void restore_value(const NewerField& field, const Key& key, const codec::Json& before);

  void observe();
  void observe_image();
  void report_violations();
  void trace(const std::string& line);
  void fail(const std::string& failure);

  [[nodiscard]] bool is_defective(const std::string& image) const;
  [[nodiscard]] bool has_old_pods() const;
  [[nodiscard]] bool is_disturbed() const;
  [[nodiscard]] std::string leader() const;
  [[nodiscard]] std::string controller(int which) const;  // 0: the leader, 1: the standby
  [[nodiscard]] std::string message() const;              // of the guard

  std::uint32_t seed_;
  Disturbances disturbances_{*this};
  std::vector<ApiServer::Backup> backups_;  // before each event
  std::map<std::string, Defect> defects_;   // by image
  std::string running_;                     // the image of the present template
  std::string shown_state_;
  std::set<std::string> restarting_;  // the controllers that start again by a timer
  MonotonicTime began_{};
  Duration restart_delay_{0};
  MonotonicTime quiet_at_{};  // the end of the faults of controllers
  bool is_calm_ = false;
  bool outage_is_undetectable_ = false;
  std::size_t reported_ = 0;  // violations
  int replicas_ = 2;
  int version_ = 0;
  HistoryResult result_;
};

}  // namespace lastgood::simulation
