#include "checks/no_response.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {

using api::ProbeOutcome;
using api::Reason;

TEST_CASE("reason_of and no_response_text have one answer for each outcome") {
  struct Row {
    ProbeOutcome outcome;
    Reason reason;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({
      {ProbeOutcome::Answered, Reason::None, ""},
      {ProbeOutcome::ConnectionRefused, Reason::ConnectionRefused,
       "refused or reset the connection"},
      {ProbeOutcome::TimedOut, Reason::TimedOut, "sent no complete response within 5s"},
      {ProbeOutcome::ConnectionClosed, Reason::ConnectionClosed,
       "closed the connection before the response was complete"},
      {ProbeOutcome::InvalidResponse, Reason::InvalidResponse, "returned no valid HTTP response"},
      {ProbeOutcome::DNSLookupFailed, Reason::DNSLookupFailed,
       "has a host name that does not resolve"},
      {ProbeOutcome::Unreachable, Reason::Unreachable, "cannot be reached"},
  }));
  CHECK(reason_of(row.outcome) == row.reason);
  CHECK(no_response_text({.outcome = row.outcome, .took = std::chrono::seconds(5)}) == row.text);
}

}  // namespace lastgood::checks::test
