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

// `series`: the answer to query_of(rule). The expression is true for no placed series, so it must
// be known whether there are data: see presence.hpp.
[[nodiscard]] bool needs_presence(const AlertRule& rule, const SeriesAnswer& series);

// `presence`: the answer to presence_query(); absent: it was not sent.
//   Fail (AlertFiring)     the expression is true for a placed series
//   Pass                   it is true for none, and the application has series of its metrics
//   Unknown
//     the reason of the answer   there is no usable answer
//     NotANumber                 the values of all placed series are NaN
//     LabelsRemoved              no series of the result can have the labels that place it
//     NoSeries                   the application has no series of the metrics
// The failure must last for the `for` of the rule.
[[nodiscard]] api::Measurement measure_rule(const std::string& check, const std::string& alert,
                                            const AlertRule& rule, const SeriesAnswer& series,
                                            const std::optional<PrometheusAnswer>& presence,
                                            Time now);

}  // namespace lastgood::checks
