#pragma once

// An event that a command failed on too often, as it is kept until a person looks. Plain values.

#include <string>

#include <boost/describe.hpp>

#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace ringrift::ops::on {

struct ParkedEvent {
    std::string name = {};  ///< Of the consumer.
    bus::Position position = 0;
    std::string type = {};
    std::string about = {};  ///< The event's subject.
    std::int64_t attempts = 0;
    bus::Time parked_at = {};
    std::string why = {};     ///< How the last attempt ended, a sentence.
    std::string output = {};  ///< The end of what it wrote on standard error.
    std::string event = {};   ///< As it stands in the log: CloudEvents JSON.
    friend bool operator==(const ParkedEvent&, const ParkedEvent&) = default;
};
BOOST_DESCRIBE_STRUCT(ParkedEvent, (),
                      (name, position, type, about, attempts, parked_at, why, output, event))

/// How far a consumer has come.
struct ConsumerState {
    std::string name = {};
    std::string types = {};     ///< As in `purpose_of`.
    bus::Position done = 0;     ///< All that concerns it up to here is done or parked.
    bus::Position last = 0;     ///< End of the log; 0: not known here.
    std::int64_t waiting = -1;  ///< Events that it has not seen yet; -1: not known here.
    std::int64_t parked = 0;
    std::string kept = {};  ///< Where all that is kept.
};
BOOST_DESCRIBE_STRUCT(ConsumerState, (), (name, types, done, last, waiting, parked, kept))

}  // namespace ringrift::ops::on
