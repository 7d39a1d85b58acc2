// Makes the API calls of a preflight: reads the references of the target template and dry-runs the
// patch. rollback/preflight.hpp chooses the calls and evaluates the responses.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "api/preflight.hpp"
#include "api/workload.hpp"
#include "ports/clock.hpp"
#include "rollback/preflight.hpp"
#include "runtime/gateway.hpp"
#include "shell/reference_reader.hpp"

namespace lastgood::shell {

class PreflightRunner {
 public:
  PreflightRunner(runtime::Gateway& gateway, ports::Clock& clock, ReferenceReader& references)
      : gateway_(gateway), clock_(clock), references_(references) {}

  // The dry run is not sent if `term` is not the current term, as for a write.
  boost::asio::awaitable<api::Preflight> check(const api::Deployment& deployment,
                                               const api::Revision& target, runtime::Term term);

 private:
  // The warnings `texts`, with the Namespace if one of them is about Pod Security.
  boost::asio::awaitable<rollback::AdmissionWarnings> read_warnings(const std::string& namespace_,
                                                                    std::vector<std::string> texts);

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  ReferenceReader& references_;
};

}  // namespace lastgood::shell
