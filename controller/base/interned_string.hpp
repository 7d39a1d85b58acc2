// Strings that share one object if they are equal. Thousands of objects from the API server repeat
// the same names, uids and messages: a copy takes the place of a pointer and needs no allocation.
//
// Not thread-safe: all InternedStrings belong to one thread.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace lastgood {

class InternedString;

template <class T>
concept PlainText =
    std::convertible_to<const T&, std::string_view> && !std::same_as<T, InternedString>;

class InternedString {
 public:
  InternedString() = default;
  // Implicit: an InternedString takes the place of a std::string.
  template <PlainText T>
  InternedString(const T& text) : node_(intern(text)) {}
  InternedString(const InternedString& other) : node_(other.node_) {
    if (node_ != nullptr) ++node_->owners;
  }
  InternedString(InternedString&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  InternedString& operator=(InternedString other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~InternedString() {
    if (node_ != nullptr && --node_->owners == 0) release(node_);
  }

  [[nodiscard]] const std::string& str() const {
    return node_ != nullptr ? node_->text : empty_text();
  }
  operator const std::string&() const { return str(); }
  operator std::string_view() const { return str(); }

  [[nodiscard]] bool empty() const { return node_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return str().size(); }
  [[nodiscard]] bool starts_with(std::string_view text) const { return str().starts_with(text); }
  [[nodiscard]] bool ends_with(std::string_view text) const { return str().ends_with(text); }
  [[nodiscard]] bool contains(std::string_view text) const {
    return str().find(text) != std::string::npos;
  }
  [[nodiscard]] auto begin() const { return str().begin(); }
  [[nodiscard]] auto end() const { return str().end(); }
  void clear() { *this = {}; }
  InternedString& operator+=(std::string_view text) { return *this = str() + std::string(text); }

  [[nodiscard]] std::size_t hash() const { return node_ != nullptr ? node_->hash : 0; }

  // The number of different strings that are in use.
  [[nodiscard]] static std::size_t count();

  friend bool operator==(const InternedString& a, const InternedString& b) {
    return a.node_ == b.node_;
  }
  friend std::strong_ordering operator<=>(const InternedString& a, const InternedString& b) {
    if (a.node_ == b.node_) return std::strong_ordering::equal;
    return a.str().compare(b.str()) <=> 0;
  }
  template <PlainText T>
  friend bool operator==(const InternedString& a, const T& b) {
    return a.str() == std::string_view(b);
  }
  template <PlainText T>
  friend std::strong_ordering operator<=>(const InternedString& a, const T& b) {
    return a.str().compare(std::string_view(b)) <=> 0;
  }

  friend std::string operator+(std::string a, const InternedString& b) {
    return std::move(a += b.str());
  }
  friend std::string operator+(const InternedString& a, std::string_view b) {
    return std::string(a.str()).append(b);
  }
  friend std::ostream& operator<<(std::ostream& out, const InternedString& text) {
    return out << text.str();
  }

 private:
  friend class InternTable;

  struct Node {
    Node* next;  // in the same bucket of the table
    std::size_t hash;
    std::size_t owners;
    std::string text;
  };

  // Returns the node of the text, with one owner more. Null for an empty text.
  static Node* intern(std::string_view text);
  static void release(Node* node);

  static const std::string& empty_text();

  Node* node_ = nullptr;
};

}  // namespace lastgood

// For std::ranges::find() and its like: a projection to an InternedString can be compared with
// text.
template <lastgood::PlainText T, template <class> class A, template <class> class B>
struct std::basic_common_reference<lastgood::InternedString, T, A, B> {
  using type = std::string_view;
};
template <lastgood::PlainText T, template <class> class A, template <class> class B>
struct std::basic_common_reference<T, lastgood::InternedString, A, B> {
  using type = std::string_view;
};

template <>
struct std::hash<lastgood::InternedString> {
  std::size_t operator()(const lastgood::InternedString& text) const noexcept {
    return text.hash();
  }
};

template <>
struct fmt::formatter<lastgood::InternedString> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const lastgood::InternedString& text, Context& context) const {
    return fmt::formatter<std::string_view>::format(text.str(), context);
  }
};
