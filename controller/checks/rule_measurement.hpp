// Turns the answers of a check `prometheusRule` into one measurement.
#pragma once

#include <optional>
#include <string>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "base/time.hpp"
#include "checks/alert_rule.hpp"
#include "checks/rule_answer.hpp"

namespace lastgood::checks {

// Whether measure_rule() needs `presence`: the expression is true for no placed series, so the
// check passes only if the application has data, see presence.hpp. A series is placed if it is
// about the measured pods, see placement.hpp. `series`: the answer to query_of(rule).
[[nodiscard]] bool needs_presence(const AlertRule& rule, const SeriesAnswer& series);

// `presence`: the answer to presence_query(); absent: it was not sent.
//   Fail (AlertFiring)     the expression is true for a placed series, whose value is not NaN
//   Pass                   it is true for no placed series, and the application has series of its
//                          metrics
//   Unknown
//     the reason of the answer   one of the two answers is an error
//     NotANumber                 the values of all placed series are NaN
//     LabelsRemoved              no series of the result can have the labels that place it
//     Pending                    the query for the presence has no result yet
//     NoSeries                   the application has no series of the metrics
// A Fail must last for the `for` of the rule.
[[nodiscard]] api::Measurement measure_rule(const std::string& check, const std::string& alert,
                                            const AlertRule& rule, const SeriesAnswer& series,
                                            const std::optional<PrometheusAnswer>& presence,
                                            Time now);

}  // namespace lastgood::checks
