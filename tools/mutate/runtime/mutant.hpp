// The switches of an instrumented copy. Each switch has a number. The environment variable MUTANT
// selects one switch; without it, every expression keeps its value.
//
// A switch is recorded as reached when its code runs. Most switches are recorded only if they would
// also change the result: for example, the switch that forces a condition to true only if the
// condition is false. Exceptions: field and Never are always recorded, and value_or if there is a
// value.
#pragma once

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <type_traits>
#include <utility>

namespace mutant {

// Records the switch as reached. Returns true if this switch is selected.
[[nodiscard]] bool on(unsigned id);

// `force_true` and `force_false` are the numbers of two switches. 0: there is no such switch.
inline bool condition(unsigned force_true, unsigned force_false, bool value) {
  if (value) return force_false == 0 || !on(force_false);
  return force_true != 0 && on(force_true);
}

inline bool flip(unsigned id, bool value) { return on(id) ? !value : value; }

template <class T>
T one_less(unsigned id, T value) {
  return on(id) ? static_cast<T>(value - 1) : value;
}

inline bool boundary(unsigned id, bool value, bool shifted) {
  return value != shifted && on(id) ? shifted : value;
}
template <class A, class B>
bool less(unsigned id, const A& a, const B& b) {
  return boundary(id, a < b, a <= b);
}
template <class A, class B>
bool less_equal(unsigned id, const A& a, const B& b) {
  return boundary(id, a <= b, a < b);
}
template <class A, class B>
bool greater(unsigned id, const A& a, const B& b) {
  return boundary(id, a > b, a >= b);
}
template <class A, class B>
bool greater_equal(unsigned id, const A& a, const B& b) {
  return boundary(id, a >= b, a > b);
}

// The replacement if the switch is selected. Not recorded if both are equal.
template <class T>
T replaced(unsigned id, const T& original, const T& replacement) {
  return original != replacement && on(id) ? replacement : original;
}

template <class T>
T max(unsigned first, unsigned second, const T& a, const T& b) {
  return replaced(second, replaced(first, T(std::max(a, b)), a), b);
}
template <class T>
T min(unsigned first, unsigned second, const T& a, const T& b) {
  return replaced(second, replaced(first, T(std::min(a, b)), a), b);
}
template <class T>
T clamp(unsigned no_minimum, unsigned no_maximum, const T& value, const T& low, const T& high) {
  return replaced(no_maximum,
                  replaced(no_minimum, T(std::clamp(value, low, high)), T(std::min(value, high))),
                  T(std::max(value, low)));
}

template <class A, class B>
auto sum(unsigned id, const A& a, const B& b) {
  const auto whole = a + b;
  return replaced(id, whole, static_cast<decltype(whole)>(a));
}
template <class A, class B>
auto difference(unsigned id, const A& a, const B& b) {
  const auto whole = a - b;
  return replaced(id, whole, static_cast<decltype(whole)>(a));
}
template <class A, class B>
auto product(unsigned id, const A& a, const B& b) {
  const auto whole = a * b;
  if constexpr (std::same_as<A, std::remove_const_t<decltype(whole)>>) {
    return replaced(id, whole, a);
  } else {
    return replaced(id, whole, b);
  }
}

// A designated initializer. The mutant leaves it out: the field has the value T().
template <class T, class Value>
T field(unsigned id, Value&& value) {
  return on(id) ? T() : static_cast<T>(std::forward<Value>(value));
}

template <class Optional, class Default>
auto value_or(unsigned id, const Optional& optional, const Default& otherwise) {
  using T = std::remove_cvref_t<decltype(*optional)>;
  return optional && on(id) ? static_cast<T>(otherwise) : optional.value_or(otherwise);
}

// The value of a C++ switch statement. The mutant of a label replaces a value that equals the label
// by -1, which no label matches.
template <class T>
T without(T value, std::initializer_list<std::pair<unsigned, T>> labels) {
  for (const auto& [id, label] : labels) {
    if (value == label && on(id)) return static_cast<T>(-1);
  }
  return value;
}

// Replaces an entry of a table of functions. If the switch is selected, the function is not called
// and the result is empty.
template <unsigned id, auto function>
struct Never;
template <unsigned id, class Result, class... Args, Result (*function)(Args...)>
struct Never<id, function> {
  static Result call(Args... args) {
    if (on(id)) return Result();
    return function(std::forward<Args>(args)...);
  }
};

}  // namespace mutant
