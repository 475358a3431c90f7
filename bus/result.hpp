#pragma once

// A value, or the reason why there is none (C++20 has no std::expected).
//
// `E` is an enum of the port that failed, or a struct with a sentence for a person. Reading the
// wrong side is a bug and aborts.

#include <utility>
#include <variant>

#include "bus/check.hpp"

namespace ringrift::bus {

/// Stands where an operation yields nothing but success.
struct Done {
    friend bool operator==(const Done&, const Done&) = default;
};

template <class T, class E>
class [[nodiscard]] Result {
  public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(E error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }

    const T& value() const& { return check_ok(), std::get<0>(content_); }
    T& value() & { return check_ok(), std::get<0>(content_); }
    /// By value, so that `for (auto& x : f().value())` reads what is still there.
    T value() && { return check_ok(), std::get<0>(std::move(content_)); }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

    const E& error() const {
        RINGRIFT_CHECK(!ok());
        return std::get<1>(content_);
    }

  private:
    void check_ok() const { RINGRIFT_CHECK(ok()); }
    std::variant<T, E> content_;
};

}  // namespace ringrift::bus
