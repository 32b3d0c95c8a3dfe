import { describeSeeds } from './seed-suite.ts'

describeSeeds('core', { first: 81, count: 80 })
