#include "bus/facts.hpp"

#include "bus/json.hpp"
#include "bus/json_bound.hpp"

namespace ringrift::bus {
namespace {

using namespace json_detail;

constexpr std::size_t kinds_count = std::variant_size_v<Fact> - 1;  // Without Unread, the first.

template <std::size_t I>
using FactAt = std::variant_alternative_t<I + 1, Fact>;

template <class T>
constexpr auto field_names = []<class... Ds>(boost::mp11::mp_list<Ds...>) {
    return std::array<std::string_view, sizeof...(Ds)>{Ds::name...};
}(boost::mp11::mp_rename<Members<T>, boost::mp11::mp_list>{});

template <class T>
bool read_as(const boost::json::value& data, Fact& into, JsonProblem& problem) {
    return read_json(data, into.emplace<T>(), problem);
}

constexpr auto kinds = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<FactKind, kinds_count>{
        FactKind{FactAt<I>::info, field_names<FactAt<I>>, &read_as<FactAt<I>>}...};
}
(std::make_index_sequence<kinds_count>{});

/// Indices of `kinds`, sorted by type name.
constexpr auto by_name = [] {
    std::array<std::size_t, kinds_count> indices = {};
    for (std::size_t i = 0; i < kinds_count; ++i) indices[i] = i;
    std::ranges::sort(indices, {}, [](std::size_t i) { return kinds[i].info.type; });
    return indices;
}();

template <class T>
bool members_are_sound(const T& fact, JsonProblem& problem) {
    bool good = true;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        if constexpr (IsId<std::remove_cvref_t<decltype(fact.*member.pointer)>>) {
            if (!good || is_sound_id((fact.*member.pointer).value)) return;
            problem.what = "should be at most 200 bytes without control characters";
            good = problem.within(std::string_view(member.name));
        }
    });
    return good;
}

}  // namespace

bool is_sound_id(std::string_view id) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    };
    return id.size() <= id_bytes_max && std::ranges::none_of(id, is_control);
}

std::span<const FactKind> fact_kinds() {
    return kinds;
}

const FactKind* fact_kind(std::string_view type) {
    const auto name_at = [](std::size_t i) { return kinds[i].info.type; };
    const auto found = std::ranges::lower_bound(by_name, type, {}, name_at);
    if (found == by_name.end() || name_at(*found) != type) return nullptr;
    return &kinds[*found];
}

const EventInfo* info_of(const Fact& fact) {
    return fact.index() == 0 ? nullptr : &kinds[fact.index() - 1].info;
}

void write_fact(std::string& out, const Fact& fact) {
    std::visit(Overloaded{[&](const Unread& unread) {
                              out += unread.text.empty() ? unread.data : unread.text;
                          },
                          [&](const auto& readable) { write_json(out, readable); }},
               fact);
}

std::size_t fact_bytes_at_most(const Fact& fact) {
    return std::visit(Overloaded{[](const Unread& unread) {
                                     return unread.text.size() + unread.data.size() +
                                            6 * unread.problem.size();
                                 },
                                 [](const auto& readable) { return json_bytes_at_most(readable); }},
                      fact);
}

bool ids_are_sound(const Fact& fact, JsonProblem& problem) {
    return std::visit(
        Overloaded{[](const Unread&) { return true; },
                   [&](const auto& readable) {
                       if (is_sound_id(readable.about()) && !readable.about().empty()) {
                           return members_are_sound(readable, problem);
                       }
                       problem.what =
                           "has an id that is empty, too long or holds control characters";
                       return false;
                   }},
        fact);
}

}  // namespace ringrift::bus
