#pragma once

// The text of an id: never changed once made, so that copies share it.
//
// Ids are copied from event to view to index far more often than they are made. Up to 15 bytes
// (names of nodes and configs) stand in the object itself; a longer text is one allocation that all
// copies hold, and whoever lets go last frees it. A copy allocates nothing, an index of a view
// costs 16 bytes for each id in it, and most comparisons end after two words.
//
// Reads as a std::string or std::string_view; put together a std::string to make another. A view of
// it lives as long as the object that was asked. Order is that of the bytes. A value like any
// other; different copies may be used by different threads.

#include <array>
#include <atomic>
#include <bit>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/string_view.hpp>

namespace ringrift::bus {

class IdText;

template <class Text>
concept OtherText = std::convertible_to<const Text&, std::string_view> &&
    !std::same_as<std::remove_cvref_t<Text>, IdText>;

class IdText {
  public:
    IdText() = default;
    template <OtherText Text>
    IdText(const Text& text) : IdText(std::string_view(text), Made{}) {}
    ~IdText() {
        if (is_shared()) let_go();
    }
    IdText(const IdText& other) noexcept : bytes_(other.bytes_) {
        if (is_shared()) shared()->holders.fetch_add(1, std::memory_order_relaxed);
    }
    IdText(IdText&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    IdText& operator=(const IdText& other) noexcept {
        if (words() != other.words()) *this = IdText(other);
        return *this;
    }
    IdText& operator=(IdText&& other) noexcept {
        const Bytes held = bytes_;
        bytes_ = other.bytes_;
        other.bytes_ = held;
        return *this;
    }

    const char* data() const { return is_shared() ? text_of(shared()) : bytes_.data(); }
    std::size_t size() const { return is_shared() ? shared()->size : own_size(); }
    bool empty() const { return bytes_.back() == 0; }
    std::string_view view() const { return {data(), size()}; }
    operator std::string_view() const { return view(); }
    operator boost::json::string_view() const { return {data(), size()}; }
    operator std::string() const { return std::string(view()); }

    const char* begin() const { return data(); }
    const char* end() const { return data() + size(); }
    char operator[](std::size_t at) const { return data()[at]; }
    bool starts_with(std::string_view start) const { return view().starts_with(start); }
    std::size_t find(std::string_view part) const { return view().find(part); }
    std::string substr(std::size_t from, std::size_t count = std::string::npos) const {
        return std::string(view().substr(from, count));
    }

    friend bool operator==(const IdText& a, const IdText& b) {
        if (a.words() == b.words()) return true;
        return a.is_shared() && b.is_shared() && a.view() == b.view();
    }
    friend std::strong_ordering operator<=>(const IdText& a, const IdText& b) {
        const Words first = a.words(), second = b.words();
        if (first == second) return std::strong_ordering::equal;
        if (a.is_shared() || b.is_shared()) return compare(a.view(), b.view());
        return in_order(first) <=> in_order(second);
    }
    template <OtherText Text>
    friend bool operator==(const IdText& a, const Text& b) {
        return a.view() == std::string_view(b);
    }
    template <OtherText Text>
    friend std::strong_ordering operator<=>(const IdText& a, const Text& b) {
        return a.view() <=> std::string_view(b);
    }
    template <OtherText Text>
    friend std::string operator+(const IdText& a, const Text& b) {
        return std::string(a.view()).append(b);
    }
    friend std::string operator+(const IdText& a, const IdText& b) { return a + b.view(); }
    template <OtherText Text>
    friend std::string operator+(Text&& a, const IdText& b) {
        return std::string(std::forward<Text>(a)).append(b.view());
    }
    friend std::ostream& operator<<(std::ostream& out, const IdText& text) {
        return out << text.view();
    }

  private:
    struct Made {};
    /// The characters follow it in the same allocation.
    struct Shared {
        std::atomic<std::uint32_t> holders = 1;
        std::uint32_t size = 0;
    };
    using Bytes = std::array<char, 16>;
    struct Words {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        friend auto operator<=>(const Words&, const Words&) = default;
    };
    static constexpr std::size_t own_max = sizeof(Bytes) - 1;
    static constexpr char shared_mark = own_max + 1;  ///< Last byte; else it is the own size.

    IdText(std::string_view text, Made) {
        if (text.size() > own_max) {
            share(text);
        } else {
            std::memcpy(bytes_.data(), text.data(), text.size());
            bytes_.back() = static_cast<char>(text.size());
        }
    }
    void share(std::string_view text);
    void let_go();
    static std::strong_ordering compare(std::string_view a, std::string_view b);

    bool is_shared() const { return bytes_.back() == shared_mark; }
    std::size_t own_size() const { return static_cast<std::size_t>(bytes_.back()); }
    Shared* shared() const { return std::bit_cast<Shared*>(words().first); }
    Words words() const { return std::bit_cast<Words>(bytes_); }
    static const char* text_of(const Shared* shared) {
        return reinterpret_cast<const char*>(shared + 1);
    }
    /// Of an own text, so that numbers compare as bytes do: zeros follow it, its size comes last.
    static Words in_order(Words words) {
        if constexpr (std::endian::native == std::endian::big) return words;
        return {__builtin_bswap64(words.first), __builtin_bswap64(words.second)};
    }

    alignas(Words) Bytes bytes_ = {};  ///< The text, or the address of a Shared.
};

}  // namespace ringrift::bus
