// Values whose copies share one object until one of them is changed.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace lastgood {

template <class T>
class Shared {
 public:
  Shared() : value_(default_value()) {}
  // Implicit: a Shared<T> is used like a T that is cheap to copy.
  Shared(T value) : value_(std::make_shared<T>(std::move(value))) {}
  // Without a move: a Shared always has a value, also after it was moved from.
  Shared(const Shared&) = default;
  Shared& operator=(const Shared&) = default;
  ~Shared() = default;

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }

  // The value, to change it. Copies of this Shared keep the value that they have. The reference is
  // valid until this Shared is copied.
  T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

  [[nodiscard]] bool shares_with(const Shared& other) const { return value_ == other.value_; }

  bool operator==(const Shared& other) const { return shares_with(other) || *value_ == *other; }
  bool operator==(const T& other) const { return *value_ == other; }

 private:
  // One object for all that were not set: it is always shared, so edit() copies it.
  static const std::shared_ptr<T>& default_value() {
    static const std::shared_ptr<T> value = std::make_shared<T>();
    return value;
  }

  std::shared_ptr<T> value_;
};

// A Shared that may have no value, and then takes the place of a pointer only.
template <class T>
class SharedOptional {
 public:
  SharedOptional() = default;
  SharedOptional(T value) : value_(std::make_shared<T>(std::move(value))) {}

  explicit operator bool() const { return value_ != nullptr; }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  [[nodiscard]] std::optional<T> copy() const {
    return value_ ? std::optional(*value_) : std::nullopt;
  }

  // Like Shared::edit(). Requires a value.
  T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }
  void reset() { value_.reset(); }

  bool operator==(const SharedOptional& other) const {
    return value_ == other.value_ || (value_ && other.value_ && *value_ == *other.value_);
  }
  bool operator==(const T& other) const { return value_ && *value_ == other; }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace lastgood
