// Acquires and renews the Lease: performs the calls and waits of kube::LeaseMachine. The protocol
// is documented there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "kube/lease_machine.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "runtime/leadership.hpp"
#include "runtime/signal.hpp"

namespace lastgood::runtime {

class LeaderElector final : public Leadership {
 public:
  // Calls on_change(term) after each step in which a term began or ended; 0 means ended. If a term
  // ends between two steps because no renewal succeeded, term() is 0 at once, and on_change(0) is
  // called after the next step.
  LeaderElector(boost::asio::any_io_executor executor, kube::LeaseMachine machine,
                ports::KubeApi& kube, ports::Clock& clock, std::function<void(Term)> on_change);

  [[nodiscard]] Term term() const override;

  // The value of an annotation of the Lease as last read. Empty without the annotation.
  [[nodiscard]] std::string annotation(std::string_view key) const;

  // Runs until it is cancelled. Errors of the API server are logged and retried. Call release()
  // afterwards.
  boost::asio::awaitable<void> run();

  // Watches the Lease while this process does not lead, so that it takes a released Lease at once,
  // and not only at its next read. Runs beside run() until it is cancelled.
  boost::asio::awaitable<void> watch();

  // Releases the Lease so that another candidate can take it immediately. Takes at most
  // LeaseSettings::release_budget. term() is 0 from the beginning of this call.
  boost::asio::awaitable<void> release();

 private:
  boost::asio::awaitable<void> drive(kube::LeaseInput first);
  kube::LeaseAction step(kube::LeaseInput input);

  kube::LeaseMachine machine_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  std::function<void(Term)> on_change_;
  Signal released_by_holder_;  // raised by watch()
  bool has_hint_ = false;      // the signal was raised for a Lease without a holder
  Term reported_ = 0;          // the last term that on_change_ was called with
  bool released_ = false;
};

}  // namespace lastgood::runtime
