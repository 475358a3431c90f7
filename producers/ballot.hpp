#pragma once

// What a voter must not forget: whom it voted for, and which leader it follows.
//
// One small record in the node's store. It is written before anybody is told; a voter that forgot
// could vote twice in one round, or follow two leaders at the same time. Node's thread only.

#include <optional>
#include <string>

#include "bus/ids.hpp"
#include "bus/result.hpp"
#include "projections/store.hpp"

namespace ringrift::producers {

struct Ballot {
    bus::Epoch epoch = 0;          ///< Of the last vote; 0 before the first.
    std::int64_t round = 0;        ///< In which it was given.
    bus::NodeId candidate = {};    ///< To whom.
    bus::Epoch follows_epoch = 0;  ///< The reign that it last followed; never decreases.
    bus::NodeId follows = {};      ///< Who led in it.
    friend bool operator==(const Ballot&, const Ballot&) = default;
};

/// The error is a sentence: with votes that cannot be read a node must not vote.
bus::Result<Ballot, std::string> load_ballot(projections::Store& store);
bus::Result<bus::Done, std::string> save_ballot(projections::Store& store, const Ballot& ballot);

}  // namespace ringrift::producers
