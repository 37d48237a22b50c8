internal import ChainCore
