// The variables of a PromQL query: $namespace, $deployment, $pods, $baselinePods, $revision, $hash.
// A variable is the value of a label matcher, or a part of it:
//
//   sum(rate(requests_total{namespace="$namespace", pod=~"$pods", code=~"5.."}[1m]))
//
// A value is escaped, so it cannot change the meaning of the query:
//
//   the matcher is   a value, for example web.v2   $pods and $baselinePods
//   = or !=          web.v2                        an error
//   =~ or !~         web\\.v2                      a|b, or (?:a|b) next to other text
//
// A "$" that no letter follows is not a variable: in the regular expression "5..$" it is the end of
// the text. The escape sequence \x24 stands for a "$" before a letter. Comments are not read.
//
// Sources: util/strutil/quote.go of Prometheus 2.42 and 3.16, and QuoteMeta of Go's package regexp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "codec/promql_tokens.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_query_size = 4096;                   // bytes
inline constexpr std::size_t max_bound_query_size = max_promql_size;  // bytes

enum class QueryVariable : std::uint8_t {
  Namespace,
  Deployment,
  Pods,          // of the new revision
  BaselinePods,  // of the baseline
  Revision,      // the number of the new revision
  Hash,          // the pod-template-hash of the new revision
};

// The variables that a query has.
struct QueryUse {
  std::set<QueryVariable> variables = {};
  bool operator==(const QueryUse&) const = default;
};

// True if the query selects the new revision with $pods, $revision or $hash. The result of any
// other query is about all revisions together.
[[nodiscard]] bool distinguishes_revisions(const QueryUse& use);

// The values of the variables. A variable that the query does not use may be empty.
struct QueryVariables {
  std::string namespace_ = {};
  std::string deployment = {};
  std::vector<std::string> pods = {};
  std::vector<std::string> baseline_pods = {};
  std::string revision = {};
  std::string hash = {};
  // If this name is set, $pods and $baselinePods stand for all pods of this ReplicaSet, even
  // deleted ones, and the two lists are not used. k8s.io/apiserver/pkg/storage/names/generate.go
  // makes the names of pods.
  std::string replica_set = {};
};

// A query without variables, as the server gets it.
using BoundQuery = StrongName<struct BoundQueryTag, std::string>;

// True if the text begins with a variable, for example "$pods|web-0".
[[nodiscard]] bool is_variable(std::string_view text);

// Reads the variables and where they are. The rest of the query is checked only by the server.
// Errors, all BadInput, with the position of the character, counted from 1:
//   - an empty query, or one of more than max_query_size bytes
//   - a string without an end
//   - an unknown variable; the message has the nearest valid one
//   - a variable that is not in the "..." or '...' string of a label matcher
//   - $pods or $baselinePods in a matcher other than =~ and !~
//   - in a regular expression, a variable after a backslash or in [...]
[[nodiscard]] Result<QueryUse> validate_query(std::string_view query);

// The query with the values of the variables. Errors, besides those of validate_query():
//   - NotFound, if a variable has no value, because app="" also selects series without the label
//   - TooLarge, if the result has more than max_bound_query_size bytes
[[nodiscard]] Result<BoundQuery> bind_query(std::string_view query,
                                            const QueryVariables& variables);

// A string of PromQL in double quotes.
[[nodiscard]] std::string string_literal(std::string_view text);
// A regular expression that matches only this text. It is not a string of PromQL yet.
[[nodiscard]] std::string regex_escaped(std::string_view text);
// A regular expression for the names of all pods of a ReplicaSet.
[[nodiscard]] std::string pod_name_pattern(const std::string& replica_set);

}  // namespace lastgood::codec
