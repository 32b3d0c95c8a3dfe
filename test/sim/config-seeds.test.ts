import { describeSeeds } from './seed-suite.ts'

describeSeeds('config', { first: 1, count: 60 })
