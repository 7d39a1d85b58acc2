// How far the clock of this machine is behind that of the API server. The times in objects are
// those of the API server and of the kubelets, which a cluster keeps together. With another time, a
// pod that has just started would look as if it had run for an hour.
#pragma once

#include <deque>

#include "base/time.hpp"

namespace lastgood::net {

class ClockOffset {
 public:
  // A response with the Date header `server` arrived at `local`. A Date has whole seconds.
  // Returns true if the offset has changed.
  bool observe(Time server, Time local);

  // Add it to a time of this machine. It is 0 until the clocks differ by more than 5 s. After that
  // it changes only if it is wrong by more than 2 s: time should not jump because of one slow
  // response.
  [[nodiscard]] Duration offset() const { return offset_; }

 private:
  std::deque<Duration> differences_;  // the latest ones, at most 5
  Duration offset_{0};
};

}  // namespace lastgood::net
