#pragma once

// Events of every type, filled field by field from their descriptions: random ones for properties,
// and one fixed sample of each for the golden files.

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bus/event.hpp"
#include "bus/json_kinds.hpp"
#include "bus/time.hpp"

namespace ringrift::tests {

/// Where the content of fields comes from.
class Filler {
  public:
    virtual ~Filler() = default;
    virtual std::string text(std::string_view field) = 0;
    virtual std::int64_t integer(std::int64_t low, std::int64_t high) = 0;
    virtual std::size_t count() = 0;  ///< Of the items of a list; of an optional, 0 is empty.
};

/// Anything at all: empty, long, quotes, control characters, other scripts; the ends of ranges.
class RandomFiller final : public Filler {
  public:
    explicit RandomFiller(std::uint64_t seed) : random_(seed) {}
    std::string text(std::string_view) override {
        static const std::vector<std::string> pieces = {
            "a",    "gpu-7", "\"",      "\\", "/",   "\n",  "\t", std::string(1, '\0'),
            "\x1f", "\x7f",  "ü",       "棋", "🎲",   ".",   "*",  ">",
            " ",    "%41",   "hex5_2p", "{}", "[1]", "null"};
        std::string text;
        for (std::int64_t i = integer(0, 6); i > 0; --i) {
            text += pieces[static_cast<std::size_t>(integer(0, std::int64_t(pieces.size()) - 1))];
        }
        return text;
    }
    std::int64_t integer(std::int64_t low, std::int64_t high) override {
        switch (random_() % 8) {
            case 0: return low;
            case 1: return high;
            case 2: return std::clamp<std::int64_t>(0, low, high);
            default: return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
        }
    }
    std::size_t count() override { return static_cast<std::size_t>(integer(0, 3)); }

  private:
    std::mt19937_64 random_;
};

/// The same for ever: a text is its field's name, numbers count up, lists have one item.
class SampleFiller final : public Filler {
  public:
    std::string text(std::string_view field) override { return std::string(field) + "-1"; }
    std::int64_t integer(std::int64_t low, std::int64_t high) override {
        return std::clamp<std::int64_t>(++last_, low, high);
    }
    std::size_t count() override { return 1; }

  private:
    std::int64_t last_ = 0;
};

template <class T>
void fill(T& value, std::string_view field, Filler& filler) {
    using namespace bus::json_detail;
    constexpr std::int64_t latest_ms = 253'402'300'799'999;  // The end of the year 9999.
    if constexpr (std::is_same_v<T, bool>)
        value = filler.integer(0, 1) == 1;
    else if constexpr (std::is_same_v<T, std::string>)
        value = filler.text(field);
    else if constexpr (IsId<T>)
        value = T{filler.text(field)};
    else if constexpr (std::integral<T>) {
        constexpr auto low = std::is_signed_v<T> ? std::numeric_limits<std::int64_t>::min() : 0;
        value = static_cast<T>(filler.integer(low, std::numeric_limits<std::int64_t>::max()));
    } else if constexpr (std::is_same_v<T, bus::Duration>) {
        value = bus::Duration(filler.integer(0, 1'000'000'000'000));
    } else if constexpr (std::is_same_v<T, bus::Time>) {
        value = bus::Time(bus::Duration(filler.integer(0, latest_ms)));
    } else if constexpr (IsEnum<T>) {
        constexpr auto last =
            boost::mp11::mp_size<boost::describe::describe_enumerators<T>>::value - 1;
        value = static_cast<T>(filler.integer(0, static_cast<std::int64_t>(last)));
    } else if constexpr (IsOptional<T>) {
        if (filler.count() > 0) fill(value.emplace(), field, filler);
    } else if constexpr (IsArray<T>) {
        for (auto& item : value) fill(item, field, filler);
    } else if constexpr (IsDescribed<T>) {
        boost::mp11::mp_for_each<Members<T>>(
            [&](auto member) { fill(value.*member.pointer, member.name, filler); });
    } else {
        for (std::size_t i = filler.count(); i > 0; --i) fill(value.emplace_back(), field, filler);
    }
}

/// A fact of the type at `index` of `Fact`.
inline bus::Fact any_fact(std::size_t index, Filler& filler) {
    bus::Fact fact;
    boost::mp11::mp_for_each<boost::mp11::mp_iota_c<std::variant_size_v<bus::Fact>>>([&](auto i) {
        if constexpr (i != 0) {
            if (i == index) fill(fact.emplace<i>(), "", filler);
        }
    });
    return fact;
}

inline bus::Event any_event(std::size_t index, Filler& filler) {
    bus::Event event;
    event.id = {"e" + filler.text("id")};
    event.source = {filler.text("node")};
    fill(event.time, "time", filler);
    fill(event.epoch, "epoch", filler);
    event.correlation = {filler.text("correlation")};
    event.causation = {filler.text("causation")};
    event.fact = any_fact(index, filler);
    return event;
}

/// Of every readable type in turn, `times` times over.
inline std::vector<bus::Event> events_of_every_type(Filler& filler, int times) {
    std::vector<bus::Event> events;
    for (int round = 0; round < times; ++round) {
        for (std::size_t i = 1; i < std::variant_size_v<bus::Fact>; ++i) {
            events.push_back(any_event(i, filler));
        }
    }
    return events;
}

}  // namespace ringrift::tests
