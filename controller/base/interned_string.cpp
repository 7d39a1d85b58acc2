#include "base/interned_string.hpp"

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

namespace lastgood {

// A hash table whose entries are the nodes themselves.
class InternTable {
 public:
  using Node = InternedString::Node;

  static InternTable& instance() {
    // Never destroyed: other static objects may own strings until the end of the process.
    static auto& table = *new InternTable;
    return table;
  }

  Node* acquire(std::string_view text) {
    const std::size_t hash = std::hash<std::string_view>{}(text);
    for (Node* node = bucket(hash); node != nullptr; node = node->next) {
      if (node->hash != hash || node->text != text) continue;
      ++node->owners;
      return node;
    }
    if (count_ >= buckets_.size()) grow();
    auto* node =
        new Node{.next = bucket(hash), .hash = hash, .owners = 1, .text = std::string(text)};
    bucket(hash) = node;
    ++count_;
    return node;
  }

  void release(Node* node) {
    Node** link = &bucket(node->hash);
    while (*link != node) link = &(*link)->next;
    *link = node->next;
    --count_;
    delete node;
  }

  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t first_size = 1024;  // a power of two

  // Multiplicative hashing with a random factor: users who know the hash function cannot choose
  // labels that all belong to one bucket. Knuth, The Art of Computer Programming, volume 3, 6.4.
  Node*& bucket(std::size_t hash) {
    const int bits = std::countr_zero(buckets_.size());
    return buckets_[(std::uint64_t{hash} * factor_) >> (64 - bits)];
  }

  static std::uint64_t random_odd() {
    std::random_device random;
    return (std::uint64_t{random()} << 32) | random() | 1;
  }

  void grow() {
    const std::vector<Node*> before =
        std::exchange(buckets_, std::vector<Node*>(buckets_.size() * 2, nullptr));
    for (Node* node : before) {
      while (node != nullptr) {
        Node* next = std::exchange(node->next, bucket(node->hash));
        bucket(node->hash) = node;
        node = next;
      }
    }
  }

  std::vector<Node*> buckets_ = std::vector<Node*>(first_size, nullptr);
  std::size_t count_ = 0;
  const std::uint64_t factor_ = random_odd();
};

const std::string& InternedString::empty_text() {
  static const std::string empty;
  return empty;
}

InternedString::Node* InternedString::intern(std::string_view text) {
  return text.empty() ? nullptr : InternTable::instance().acquire(text);
}

void InternedString::release(Node* node) { InternTable::instance().release(node); }

std::size_t InternedString::count() { return InternTable::instance().count(); }

}  // namespace lastgood
