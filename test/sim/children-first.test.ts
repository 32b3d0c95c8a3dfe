import { describeSeeds } from './seed-suite.ts'

describeSeeds('children', { first: 1, count: 30 })
