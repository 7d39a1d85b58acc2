// Keeps the Lease, or waits for it: carries out what the lease machine asks for.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "kube/lease_machine.hpp"
#include "ports/clock.hpp"
#include "ports/kube_api.hpp"
#include "runtime/leadership.hpp"

namespace lastgood::runtime {

class LeaderElector final : public Leadership {
 public:
  // `on_change` is called after each step in which a term began or ended.
  LeaderElector(kube::LeaseMachine machine, ports::KubeApi& kube, ports::Clock& clock, std::function<void(Term)> on_change);

  [[nodiscard]] Term term() const override;

  // What an annotation of the Lease says, as it was last read; empty without one.
  [[nodiscard]] std::string annotation(std::string_view key) const;

  // Never returns; ends by cancellation, after which release() may be run.
  boost::asio::awaitable<void> run();

  // Gives the lease back, in a second at most. Nothing may be written any more.
  boost::asio::awaitable<void> release();

 private:
  boost::asio::awaitable<void> drive(kube::LeaseInput first);
  kube::LeaseAction step(kube::LeaseInput input);

  kube::LeaseMachine machine_;
  ports::KubeApi& kube_;
  ports::Clock& clock_;
  std::function<void(Term)> on_change_;
  Term told_ = 0;
  bool released_ = false;
};

}  // namespace lastgood::runtime
