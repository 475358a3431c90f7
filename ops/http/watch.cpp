#include "ops/http/watch.hpp"

#include <sys/socket.h>

#include <utility>

namespace ringrift::ops::http {

Watched::Watched(Watch& watch, int socket, std::function<void()> cancel, std::function<void()> wake)
    : watch_(watch),
      socket_(socket),
      cancel_(std::move(cancel)),
      wake_(std::move(wake)),
      place_(watch.watched_.insert(watch.watched_.end(), this)) {}

Watched::~Watched() {
    watch_.watched_.erase(place_);
}

void Watched::within(bus::Duration time) {
    deadline_ = Steady::now() + time;
    expired_ = false;
}

void Watched::rests() {
    idle_ = true;
    idle_since_ = Steady::now();
}

void Watched::expire() {
    deadline_ = Steady::time_point::max();
    expired_ = true;
    cancel_();
}

/// Somebody who follows sends nothing, so an end of its bytes is the end.
bool Watched::has_gone() const {
    char byte = 0;
    return following_ && ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void Watch::expire() {
    const auto now = Watched::Steady::now();
    for (Watched* it : watched_) {
        if (now >= it->deadline_ || it->has_gone()) it->expire();
    }
}

void Watch::wake_followers() {
    for (Watched* it : watched_) {
        if (it->following_) it->wake_();
    }
}

void Watch::cancel_idle() {
    for (Watched* it : watched_) {
        if (it->idle_) it->cancel_();
    }
}

bool Watch::make_room() {
    Watched* longest = nullptr;
    for (Watched* it : watched_) {
        if (!it->idle_ || it->expired_) continue;
        if (longest == nullptr || it->idle_since_ < longest->idle_since_) longest = it;
    }
    if (longest == nullptr) return false;
    longest->expire();
    return true;
}

}  // namespace ringrift::ops::http
