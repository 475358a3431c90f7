#include "bus/transfer/server_sessions.hpp"

#include <algorithm>

namespace ringrift::bus {

bool ServerSessions::add(const Caller& caller, Frame ask, MonotonicTime now) {
    auto found = sessions_.find(caller);
    if (found == sessions_.end()) {
        if (sessions_.size() >= bounds_.sessions_max && !forget_one_at_rest()) return false;
        found = sessions_.emplace(caller, Session{.number = ++last_number_}).first;
    }
    Session& session = found->second;
    if (session.waiting.size() >= bounds_.waiting_max) return false;
    if (session.waiting.empty()) session.told_at = now;
    session.waiting.push_back(std::move(ask));
    session.active_at = now;
    return true;
}

/// The one that has been so for longest; when it asks again, it is a new session.
bool ServerSessions::forget_one_at_rest() {
    auto best = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
        const bool at_rest = at->second.waiting.empty() && at->second.untaken == 0;
        if (!at_rest) continue;
        if (best == sessions_.end() || at->second.active_at < best->second.active_at) best = at;
    }
    if (best == sessions_.end()) return false;
    sessions_.erase(best);
    return true;
}

std::optional<ServerSessions::Turn> ServerSessions::next(MonotonicTime now) {
    auto at = sessions_.upper_bound(last_served_);
    for (std::size_t looked = 0; looked < sessions_.size(); ++looked, ++at) {
        if (at == sessions_.end()) at = sessions_.begin();
        Session& session = at->second;
        if (session.waiting.empty() || session.untaken >= bounds_.untaken_max) continue;
        Turn turn = {.caller = at->first,
                     .ask = std::move(session.waiting.front()),
                     .session = session.number};
        session.waiting.pop_front();
        session.untaken += 1;
        session.active_at = now;
        session.told_at = now;
        last_served_ = at->first;
        return turn;
    }
    return {};
}

void ServerSessions::taken(std::uint64_t number) {
    for (auto& [caller, session] : sessions_) {
        if (session.number == number && session.untaken > 0) session.untaken -= 1;
    }
}

void ServerSessions::forget(const Caller& caller) {
    sessions_.erase(caller);
}

std::vector<ServerSessions::Turn> ServerSessions::look_after(MonotonicTime now) {
    std::erase_if(sessions_, [&](const auto& entry) {
        return entry.second.waiting.empty() && now - entry.second.active_at > bounds_.idle_max;
    });
    std::vector<Turn> patient;
    for (auto& [caller, session] : sessions_) {
        // Who does not take what it has been given need not hear that there will be more.
        const bool is_told = now - session.told_at < bounds_.sign_of_life;
        if (session.waiting.empty() || session.untaken >= bounds_.untaken_max || is_told) continue;
        session.told_at = now;
        patient.push_back({.caller = caller, .ask = session.waiting.front()});
    }
    return patient;
}

bool ServerSessions::anybody_waits() const {
    return std::ranges::any_of(sessions_, [&](const auto& entry) {
        return !entry.second.waiting.empty() && entry.second.untaken < bounds_.untaken_max;
    });
}

}  // namespace ringrift::bus
